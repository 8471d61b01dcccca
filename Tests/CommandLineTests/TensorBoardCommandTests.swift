import Files
import Foundation
import TestSupport
import Testing

@Suite(
    .enabled(
        if: Python.has("tensorboard"),
        "no Python with tensorboard: pip install tensorboard, or name an interpreter in L2O_PYTHON"))
struct TensorBoardCommandTests {
    /// The runs below a folder, with the steps of each tag.
    private func runs(_ folder: String) throws -> [String: [String: [Int]]] {
        let text = try Python.run(
            """
            import json, os, sys
            from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
            runs = EventMultiplexer().AddRunsFromDirectory(sys.argv[1]).Reload()
            print(json.dumps({run: {tag: [p.step for p in runs.Scalars(run, tag)] for tag in tags["scalars"]}
                              for run, tags in runs.Runs().items()}))
            """, folder)
        return try JSONDecoder().decode([String: [String: [Int]]].self, from: Data(text.utf8))
    }

    @Test("A run that died and was resumed has each step once")
    func resume() throws {
        try withTemporaryFolder { folder in
            let train = words("meta-train --quiet --optimizer rnnprop --optimizee quadratic --horizon 40 --out")
            func run(_ iterations: Int, _ more: String...) throws {
                let outcome = try l2o(
                    train + ["\(folder)/run", "--iterations", "\(iterations)", "--tensorboard", "\(folder)/logs"]
                        + more)
                #expect(outcome.exitCode == 0, "\(outcome.errors)")
            }
            try run(3)
            // As if the process had died after the fifth iteration, the last saving being that of the third.
            let latest = try readFile("\(folder)/run/latest.safetensors")
            try run(5, "--resume")
            try writeFileAtomically("\(folder)/run/latest.safetensors", latest)
            try run(6, "--resume")
            let tags = try #require(try runs("\(folder)/logs")["."])
            #expect(
                Set(tags.keys) == [
                    "meta_loss/iteration", "meta_loss/moving_average", "period_loss/period_1", "period_loss/period_2",
                    "meta_gradient_norm/period_1", "meta_gradient_norm/period_2", "iteration/seconds",
                    "iteration/skipped_updates",
                ])
            for (tag, steps) in tags { #expect(steps == Array(1...6), "\(tag)") }
        }
    }

    @Test("A race has a run for each optimizer")
    func race() throws {
        try withTemporaryFolder { folder in
            let outcome = try l2o(
                words(
                    "race --quiet --optimizee convex --steps 12 --problems 2 --optimizer sgd:lr=0.5 adam --tensorboard"
                )
                    + [folder])
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            let found = try runs(folder)
            #expect(found.keys.sorted() == ["adam lr=0.001", "sgd lr=2^-1"])
            for tags in found.values {
                #expect(tags["minibatch_loss/median"] == Array(0..<12))
                #expect(tags["final_loss/median"] == [12])
            }
        }
    }

    @Test("A folder that cannot be made is refused before anything runs")
    func refusal() throws {
        for call in ["race --optimizee convex --steps 10000000 --optimizer adam", "meta-train --optimizer rnnprop"] {
            try withTemporaryFolder { folder in
                let training =
                    call.hasPrefix("race") ? "" : " --optimizee quadratic --iterations 9 --out \(folder)/run"
                let outcome = try l2o(words(call + training + " --tensorboard /dev/null/logs"))
                #expect(outcome.exitCode == 1 && outcome.errorLines.count == 1, "\(outcome.errors)")
            }
        }
    }
}
