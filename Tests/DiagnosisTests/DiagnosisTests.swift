import Diagnosis
import Files
import LearnedOptimizers
import MetaTraining
import NumericCore
import Testing

@Suite("What the doctor sees") struct DiagnosisTests {
    @Test("A run that learns is not called broken, whatever is learned", arguments: [RNNprop.kind, DMoptimizer.kind])
    func healthy(_ kind: String) throws {
        try withTemporaryFolder { folder in
            let plan = smallPlan { $0.metaLoss = MetaTrainingPlan.paper(kind).metaLoss }
            try train(try RuleRegister.named(kind).type, folder, iterations: 120, plan: plan)
            let diagnosis = try diagnose(folder)
            #expect(diagnosis.optimizer == kind && diagnosis.iterations == 120)
            for finding in diagnosis.findings where finding.check != "fresh tasks" {
                #expect(finding.verdict != .bad, "\(finding.check): \(finding.value)")
            }
            for check in ["finite differences", "saturated gates", "dead units", "skipped updates"] {
                #expect(diagnosis[check]?.verdict == .fine, "\(diagnosis[check]?.value ?? "missing")")
            }
            let error = try #require(diagnosis["finite differences"]?.numbers["largest_relative_error"])
            #expect(error > 0 && error < 1e-3)
            #expect(try diagnose(folder).findings == diagnosis.findings, "the same run, the same findings")
        }
    }

    @Test("Weights that have exploded saturate gates and updates")
    func saturated() throws {
        try withTemporaryFolder { folder in
            try train(RNNprop.self, folder, iterations: 2)
            try alter(folder) { _, _, value in 60 * value }
            let diagnosis = try diagnose(folder)
            #expect(diagnosis["saturated gates"]?.verdict != .fine)
            #expect(diagnosis["weights"]?.verdict == .bad)
            #expect(try #require(diagnosis["weights"]?.numbers["norm_ratio"]) > 50)
            #expect(diagnosis["tanh limit"]?.verdict != .fine)
            #expect(diagnosis.summary.contains("wrong") && diagnosis.summary.contains("Begin with weights."))
        }
    }

    @Test("A gate that is shut by its bias is found by name")
    func shutGate() throws {
        try withTemporaryFolder { folder in
            try train(RNNprop.self, folder, iterations: 2)
            // The output gates of the second layer.
            try alter(folder) { part, index, value in part == "lstm2.bias" && index >= 60 ? -30 : value }
            let diagnosis = try diagnose(folder)
            let finding = try #require(diagnosis["saturated gates"])
            #expect(finding.verdict == .bad && finding.value.contains("layer 2's output, shut"), "\(finding.value)")
            #expect(finding.numbers["lstm2_output_low"] == 1 && finding.numbers["lstm1_output_low"] == 0)
            // Nothing comes out of the layer any more, so nothing below it learns.
            #expect(diagnosis["dead units"]?.numbers["lstm2"] == 20)
            #expect(diagnosis["dead units"]?.verdict == .bad)
        }
    }

    @Test("Dead units are counted where they are")
    func deadUnits() throws {
        try withTemporaryFolder { folder in
            try train(RNNprop.self, folder, iterations: 2)
            try alter(folder) { part, index, value in
                switch part {
                // Three projected units no longer see the features.
                case "projection.weight": index % 20 < 3 ? 0 : value
                // One unit of the first layer has its output gate shut.
                case "lstm1.bias": index == 65 ? -40 : value
                default: value
                }
            }
            let finding = try #require(try diagnose(folder)["dead units"])
            #expect(finding.value == "3 of 20 in projection, 1 of 20 in lstm1" && finding.verdict == .look)
        }
    }

    @Test("A read-out that is too large makes updates of one size")
    func limit() throws {
        try withTemporaryFolder { folder in
            try train(RNNprop.self, folder, iterations: 2)
            try alter(folder) { part, _, value in part == "readout.bias" ? 5 : value }
            let finding = try #require(try diagnose(folder)["tanh limit"])
            #expect(finding.verdict == .bad && finding.numbers["share"] == 1)
        }
    }

    @Test("A run whose meta-gradients are NaN")
    func skipped() throws {
        try withTemporaryFolder { folder in
            try train(
                RNNprop.self, folder, iterations: 100, plan: smallPlan { $0.patience = 7 }, optimizee: Cliff())
            let diagnosis = try diagnose(folder, optimizee: Cliff())
            for check in [
                "meta-loss", "diverged iterations", "skipped updates", "fresh tasks", "meta-gradient",
                "finite differences",
            ] {
                #expect(diagnosis[check]?.verdict == .bad, "\(check)")
            }
            #expect(diagnosis["skipped updates"]?.value == "9 of 9, the last 9 in a row")
            for text in diagnosis.findings.map(\.value) { #expect(!text.contains("nan")) }
        }
    }

    @Test("The log's losses: falling, without a trend, rising, exploded, too few")
    func losses() throws {
        var stream = RandomStream(RandomKey(seed: 1))
        let noise = (0..<400).map { _ in 1 + 0.1 * Double(stream.normal()) }
        func curve(_ shape: (Double) -> Double) -> [Double?] {
            noise.enumerated().map { $1 * shape(Double($0) / 400) }
        }
        let cases: [(losses: [Double?], verdict: Verdict, says: String)] = [
            (curve { 2 - $0 }, .fine, "still falling"),
            (curve { $0 < 0.3 ? 2 - 3 * $0 : 1.1 }, .look, "no trend"),
            (curve { abs($0 - 0.4) + 0.5 }, .bad, "rising"),
            (curve { $0 < 0.8 ? 2 - $0 : 90 * $0 }, .bad, "exploded"),
            (curve { _ in 1 }, .bad, "nothing learned"),
            (Array(curve { 2 - $0 }.prefix(30)), .look, "too few"),
            ([nil, nil], .bad, "0 finite"),
        ]
        try withTemporaryFolder { folder in
            try train(RNNprop.self, folder, iterations: 1)
            for (losses, verdict, says) in cases {
                try log(folder, losses: losses)
                let finding = try #require(try diagnose(folder, tasks: 1)["meta-loss"])
                #expect(finding.verdict == verdict && finding.value.contains(says), "\(says): \(finding.value)")
                #expect((finding.advice == nil) == (verdict == .fine))
            }
            try log(folder, losses: curve { 2 - $0 }.enumerated().map { $0 % 40 == 7 ? nil : $1 })
            #expect(try diagnose(folder, tasks: 1)["diverged iterations"]?.verdict == .bad)
            try log(folder, losses: curve { 2 - $0 }, norm: 0)
            #expect(try diagnose(folder, tasks: 1)["logged gradients"]?.verdict == .bad)
        }
    }

    @Test("A log whose last line is cut short is read up to there")
    func cutShort() throws {
        try withTemporaryFolder { folder in
            try train(RNNprop.self, folder, iterations: 5)
            let whole = try readFile("\(folder)/metrics.jsonl")
            try writeFileAtomically("\(folder)/metrics.jsonl", whole.dropLast(20))
            let finding = try #require(try diagnose(folder)["log"])
            #expect(finding.verdict == .look && finding.value == "4 whole lines, the last one cut short")
            let lines = whole.split(separator: UInt8(ascii: "\n"))
            try writeFileAtomically("\(folder)/metrics.jsonl", lines[0] + [UInt8(ascii: "\n")])
            #expect(try diagnose(folder)["log"]?.value == "1 lines for 5 iterations")
        }
    }

    @Test("What is no run is refused")
    func refusals() throws {
        try withTemporaryFolder { folder in
            #expect(throws: InputError.self) { try diagnose(folder) }
            try train(RNNprop.self, folder, iterations: 2)
            let latest = "\(folder)/latest.safetensors"
            let (bytes, metrics) = (try readFile(latest), try readFile("\(folder)/metrics.jsonl"))
            let file = try SafetensorsFile(bytes: bytes, path: latest)
            let plan = try #require(file.metadata["plan"])
            let changes = [
                ("plan", plan.replacing("\"horizon\": 12", with: "\"horizon\": -3")),
                ("plan", plan.replacing("\"unroll\": 4", with: "\"unroll\": 7")), ("seed", "x"),
                ("plan", plan.replacing("\"last\"", with: "\"all\"")), ("plan", "{"), ("plan", nil),
            ]
            for (name, value) in changes {
                #expect(value != plan)
                var metadata = file.metadata
                metadata[name] = value
                try SafetensorsFile(file.tensors, metadata: metadata).write(to: latest)
                #expect(throws: InputError.self, "\(name)") { try diagnose(folder) }
            }
            try RNNprop(key: RandomKey(seed: 1)).weights.safetensors().write(to: latest)
            #expect(throws: InputError.self) { try diagnose(folder) }
            try writeFileAtomically(latest, bytes.dropLast(9))
            #expect(throws: InputError.self) { try diagnose(folder) }
            try writeFileAtomically(latest, bytes)
            // Every damage to the log is one line about it, or none.
            var stream = RandomStream(RandomKey(seed: 2))
            for _ in 0..<100 {
                var damaged = metrics
                for _ in 0..<3 {
                    damaged[stream.index(below: damaged.count)] = UInt8(truncatingIfNeeded: stream.nextWord())
                }
                try writeFileAtomically("\(folder)/metrics.jsonl", damaged)
                do {
                    _ = try MetaTrainingMetrics.readWholeLines(folder: folder)
                } catch {
                    #expect(error is InputError && !"\(error)".contains("\n"))
                }
            }
        }
    }
}
