import Evaluation
import Foundation
import PaperExperiments
import Reporting

/// A name that closes tags and attributes where it is not escaped; the accent hides a quotation mark from whoever
/// compares characters instead of scalars.
let hostileName = "<script>alert(1)</script>\"\u{301} onload=\"'&{{command}}"

/// Two optimizees that race, and one that was skipped; one run of SGD diverged.
///
/// - Parameters:
///   - problems: runs each.
///   - learned: the learned optimizer's losses relative to Adam's.
///   - name: the learned optimizer's label.
///   - scheduled: the losses of the best tuned optimizer under a cosine relative to Adam's: in the first panel Adam, in
///     the second SGD; nil for none.
func sampleResult(
    problems: Int = 6, learned: Double = 0.8, name: String = "rnnprop", scheduled: Double? = nil
) -> ReproductionResult {
    let rows = [
        Panel("base MLP", "mnist-mlp", steps: 30, paperBaseline: PaperBaseline("adam", halfPower: -10)),
        Panel("ReLU", "mnist-mlp-relu", steps: 30, paperBaseline: PaperBaseline("adam", halfPower: -14)),
        Panel("CNN on CIFAR-10", "cifar-cnn", steps: 30),
    ]
    func experiment(_ id: String, _ figure: Experiment.Figure, _ panels: [Panel], ablates: Bool = false)
        -> ExperimentResult
    {
        ExperimentResult(
            Experiment(
                id: id, title: "Experiment \(id)", claim: id == "rows" ? "" : "It wins.", figure: figure,
                panels: panels),
            panels: panels.map { (ablates ? "\(id)/" : "") + $0.id }, command: "l2o reproduce \(id) --out 'a b'")
    }
    return ReproductionResult(
        command: "l2o reproduce all & <b>", version: "1.2.3", machine: "A processor, 2 cores",
        date: "2025-01-31T12:00:00Z", problems: problems, seed: 7, quick: true,
        experiments: [
            experiment("E1", .curves, [rows[0]]), experiment("E4", .learningRates, [rows[0]]),
            experiment("E5", .curves, Array(rows[1...])), experiment("E9", .curves, [rows[0]], ablates: true),
            experiment("rows", .table, rows),
        ],
        panels: [
            race(
                rows[0], scale: 0.3, problems: problems, learned: learned, name: name,
                scheduled: scheduled.map { ("adam", $0) }),
            race(
                rows[1], scale: 0.2, problems: problems, learned: learned, name: name,
                scheduled: scheduled.map { ("sgd", $0) }),
            PanelResult(id: rows[2].id, panel: rows[2], skipped: "cifar: is <missing>; fetch it"),
            ablation(rows[0], problems: problems, name: name),
        ])
}

/// An analysis whose intervals take no time in debug builds.
func sampleAnalysis(_ result: ReproductionResult) -> ReproductionAnalysis {
    ReproductionAnalysis(result, resamples: 500)
}

private func race(
    _ panel: Panel, scale: Double, problems: Int, learned: Double, name: String,
    scheduled: (optimizer: String, factor: Double)?
) -> PanelResult {
    let adam = (0..<problems).map { scale * (1 + 0.01 * Double($0)) }
    var sgd = adam.map { 1.5 * $0 }
    sgd[0] = .infinity
    var result = PanelResult(
        id: panel.id, panel: panel, search: "every rate",
        race: RaceResult(
            optimizee: panel.optimizee, steps: panel.steps, problems: problems, seed: 7,
            results: [
                optimizer(name, adam.enumerated().map { learned * $1 * (1 + 0.001 * Double($0 % 3)) }, panel.steps),
                optimizer("adamw untuned", adam.map { 2 * $0 }, panel.steps, rate: 0.001),
                optimizer("sgd lr=2^1", sgd, panel.steps, rate: 2, trials: 3),
                optimizer("adam lr=2^-5", adam, panel.steps, rate: 0x1p-5, trials: 2),
            ]),
        sweeps: [
            sweep("sgd", best: 2, [(0, sgd.map { 2 * $0 }), (2, sgd), (4, sgd.map { _ in .infinity })]),
            sweep("adam", best: -10, [(-12, adam.map { 3 * $0 }), (-10, adam)]),
        ])
    if let scheduled {
        let losses = adam.map { scheduled.factor * $0 }
        let label = "\(scheduled.optimizer) lr=2^-4 cosine=30"
        result.race?.results.append(optimizer(label, losses, panel.steps, rate: 0x1p-4, trials: 2))
        result.sweeps.append(
            sweep(scheduled.optimizer, schedule: "cosine", best: -8, [(-10, losses.map { 2 * $0 }), (-8, losses)]))
    }
    return result
}

private func ablation(_ panel: Panel, problems: Int, name: String) -> PanelResult {
    let losses = (0..<problems).map { 0.5 + 0.01 * Double($0) }
    return PanelResult(
        id: "E9/\(panel.id)", panel: panel,
        race: RaceResult(
            optimizee: panel.optimizee, steps: panel.steps, problems: problems,
            results: [
                optimizer("\(name) with, 100 iterations", losses, panel.steps),
                optimizer("without, 100 iterations", losses.map { 1.1 * $0 }, panel.steps),
            ]))
}

private func optimizer(
    _ label: String, _ losses: [Double], _ steps: Int, rate: Double? = nil, trials: Int? = nil
) -> OptimizerResult {
    OptimizerResult(
        optimizer: "\(label)()", label: label, finalLoss: losses,
        curve: losses.map { loss in
            loss.isFinite ? (0..<steps).map { Float(loss + 2 / Double(1 + $0)) } : [2, 10, .infinity]
        },
        millisecondsPerStep: 0.25, stateBytesPerParameter: 8, diverged: losses.count { !$0.isFinite },
        learningRate: rate, trials: trials, heldOutLoss: losses.map { 1.1 * $0 },
        heldOutAccuracy: losses.map { $0.isFinite ? 1 - $0 / 3 : .nan })
}

private func sweep(
    _ optimizer: String, schedule: String? = nil, best: Int, _ trials: [(halfPower: Int, losses: [Double])]
) -> SweepRecord {
    let json: [String: Any] = [
        "optimizer": optimizer, "schedule": schedule ?? NSNull(), "best_half_power": best, "on_edge": false,
        "trials": trials.map { trial in
            [
                "half_power": trial.halfPower,
                "final_losses": trial.losses.map { $0.isFinite ? $0 as Any : NSNull() },
            ] as [String: Any]
        },
    ]
    return try! JSONDecoder().decode(SweepRecord.self, from: JSONSerialization.data(withJSONObject: json))
}

/// The fields of each line of CSV (RFC 4180).
func parsedCSV(_ text: String) -> [[String]] {
    var lines: [[String]] = []
    var line: [String] = []
    var field = ""
    var isQuoted = false
    var isBetween = false
    for scalar in text.unicodeScalars {
        if scalar == "\"" {
            // A quotation mark after the one that seemed to close the field stands for itself.
            if isBetween { field.unicodeScalars.append(scalar) }
            isBetween = isQuoted
            isQuoted.toggle()
            continue
        }
        isBetween = false
        if isQuoted || (scalar != "," && scalar != "\n") {
            field.unicodeScalars.append(scalar)
            continue
        }
        line.append(field)
        field = ""
        if scalar == "\n" {
            lines.append(line)
            line = []
        }
    }
    return lines
}
