public import Evaluation
import Files
import Platform
import Statistics

extension RaceResult {
    /// Writes the loss curves for `tensorboard --logdir FOLDER`, a run for each optimizer in a folder of its own.
    ///
    /// The step is that of the race. Wall time is what the steps take one after the other where that was measured, so
    /// that TensorBoard's *relative* axis compares the optimizers in seconds. Of a longer race every so many steps are
    /// written, 10,000 at most. A race that the folder already holds is voided.
    ///
    /// - Throws: `InputError` where the folder cannot be written.
    public func write(tensorBoard folder: String) throws {
        var taken: Set<String> = []
        for result in results {
            let name = Self.runName(result.label, taken: &taken)
            let path = try TensorBoardLog.newFile(in: "\(folder)/\(name)")
            let events = TensorBoardLog.header(from: 0) + events(of: result)
            try writeFileAtomically(path, events.flatMap(\.record))
        }
    }

    private func events(of result: OptimizerResult) -> [TensorBoardEvent] {
        let band = CurveBand(result.curve, steps: steps)
        let secondsPerStep = (result.millisecondsPerStep ?? 0) / 1000
        let start = wallClock() - Double(steps) * secondsPerStep
        func event(_ step: Int, _ scalars: [TensorBoardEvent.Scalar]) -> TensorBoardEvent {
            TensorBoardEvent(wallTime: start + Double(step) * secondsPerStep, step: step, .scalars(scalars))
        }
        let interval = (steps + 9_999) / 10_000
        let curve = stride(from: 0, to: steps, by: interval).map { step in
            let spread: [TensorBoardEvent.Scalar] = [
                .init("minibatch_loss/lower_quartile", band.low[step]),
                .init("minibatch_loss/upper_quartile", band.high[step]),
            ]
            return event(step, [.init("minibatch_loss/median", band.median[step])] + (problems > 1 ? spread : []))
        }
        let end: [TensorBoardEvent.Scalar] = [
            .init("final_loss/median", result.finalStatistics.median),
            .init("final_loss/diverged_runs", Double(result.diverged)),
        ]
        return curve + [event(steps, end)]
    }

    /// A label as the name of a folder, each once.
    private static func runName(_ label: String, taken: inout Set<String>) -> String {
        let plain = label.map { $0.isLetter || $0.isNumber || " -_.=,()+^".contains($0) ? $0 : "_" }
        let name = plain.first == "." ? "_" + String(plain) : String(plain)
        var number = 1
        while !taken.insert(number == 1 ? name : "\(name) (\(number))").inserted { number += 1 }
        return number == 1 ? name : "\(name) (\(number))"
    }
}
