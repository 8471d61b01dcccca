import Evaluation
import Files
import Platform

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension ReproductionResult {
    /// How many points a curve has at most in CSV; longer ones have means over equal stretches of steps.
    private static let points = 1000

    /// The result as JSON text in UTF-8, with sorted keys and a final line break; every curve is whole.
    public func json() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
    }

    /// Reads a file that `json()` filled.
    ///
    /// - Throws: `InputError` where the file cannot be read, holds something else, or parts that do not belong together.
    public init(file path: String) throws {
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(try readFile(path)))
        } catch let error as InputError {
            throw error
        } catch {
            throw InputError(
                path, "holds no results of experiments", advice: "give the results.json of l2o reproduce")
        }
        try check(path)
    }

    /// What an experiment's figure shows, as CSV (RFC 4180).
    ///
    /// - `curves`: `panel,optimizer,seed,step,loss`; beyond 1,000 steps a line is the mean over a stretch that begins
    ///   at `step`.
    /// - `learningRates`: `panel,optimizer,learning_rate,seed,final_loss`, learned optimizers without a rate.
    /// - `table`: `finalsCSV` of its panels.
    public func csv(_ experiment: ExperimentResult) -> String {
        let panels = panels(of: experiment)
        switch experiment.figure {
        case .curves: return Self.curvesCSV(panels)
        case .learningRates: return Self.ratesCSV(panels)
        case .table: return Self.finalsCSV(panels)
        }
    }

    /// One line a run, the strongest hand-designed optimizer's behind those of its panel: `panel,steps,optimizer,name,seed,final_loss,held_out_loss,held_out_accuracy,diverged_step,`
    /// `learning_rate,rates_tried,ms_per_step,state_bytes_per_parameter`.
    public static func finalsCSV(_ panels: [PanelResult]) -> String {
        var csv = CSV(
            "panel", "steps", "optimizer", "name", "seed", "final_loss", "held_out_loss", "held_out_accuracy",
            "diverged_step", "learning_rate", "rates_tried", "ms_per_step", "state_bytes_per_parameter")
        for (panel, race) in panels.compactMap({ panel in panel.race.map { (panel, $0) } }) {
            let results = race.results.map { ($0.label, $0) }
            for (label, result) in results + (panel.strongest.map { [("strongest", $0.result)] } ?? []) {
                for (problem, loss) in result.finalLoss.enumerated() {
                    csv.add(
                        .name(panel.id), .number(race.steps), .name(label), .name(result.optimizer),
                        .number(problem), .number(loss), .number(result.heldOutLoss?[problem]),
                        .number(result.heldOutAccuracy?[problem]), .number(result.divergedSteps[problem]),
                        .number(result.learningRate), .number(result.trials), .number(result.millisecondsPerStep),
                        .number(result.stateBytesPerParameter))
                }
            }
        }
        return csv.text
    }

    private static func curvesCSV(_ panels: [PanelResult]) -> String {
        var csv = CSV("panel", "optimizer", "seed", "step", "loss")
        for (panel, race) in panels.compactMap({ panel in panel.race.map { (panel, $0) } }) {
            let stretch = (race.steps + points - 1) / points
            for result in race.results {
                for (problem, losses) in result.curve.enumerated() {
                    for start in stride(from: 0, to: losses.count, by: stretch) {
                        let part = losses[start..<min(start + stretch, losses.count)]
                        let mean = stretch == 1 ? part[start] : part.reduce(0, +) / Float(part.count)
                        csv.add(
                            .name(panel.id), .name(result.label), .number(problem), .number(start), .number(mean))
                    }
                }
            }
        }
        return csv.text
    }

    private static func ratesCSV(_ panels: [PanelResult]) -> String {
        var csv = CSV("panel", "optimizer", "learning_rate", "seed", "final_loss")
        for panel in panels {
            func add(_ optimizer: String, _ rate: Double?, _ losses: [Double]) {
                for (problem, loss) in losses.enumerated() {
                    csv.add(.name(panel.id), .name(optimizer), .number(rate), .number(problem), .number(loss))
                }
            }
            for sweep in panel.sweeps {
                for trial in sweep.trials { add(sweep.text, trial.learningRate, trial.losses) }
            }
            for result in panel.results(.learned) { add(result.label, nil, result.finalLoss) }
        }
        return csv.text
    }
}
