import Statistics

/// A race by the clock: how long each optimizer takes to where the best hand-designed one ends, its own updates included, and
/// what came before: the search for a learning rate, or meta-training.
///
/// Times are those of `StepTiming`, so they differ from run to run and from machine to machine. A search for a learning rate
/// counts as what somebody with one problem would do: one run of all steps for each rate that was tried.
public struct WallClock: Sendable, Encodable {
    /// One optimizer's times.
    public struct Entry: Sendable, Encodable {
        /// How it is called in tables and charts.
        public let label: String
        /// The median time to the target; nil where half of the runs never get there, and where no step was timed.
        public let secondsToTarget: Double?
        /// How long the search for its learning rate takes; 0 where none was searched for.
        public let tuningSeconds: Double
        /// Both together.
        public var secondsWithTuning: Double? { secondsToTarget.map { $0 + tuningSeconds } }
        /// How long its weights were trained; nil where that is not known, and for hand-designed ones.
        public let trainingMinutes: Double?
        /// After how many problems meta-training has paid: its time over what is saved on each, which is the tuned target's
        /// time with its tuning less the own time to the target. Infinite where nothing is saved; nil where nobody noted how
        /// long it took, or the target was not tuned.
        public let breakEvenProblems: Double?

        private enum CodingKeys: String, CodingKey {
            case label
            case secondsToTarget = "seconds_to_target"
            case tuningSeconds = "tuning_seconds"
            case secondsWithTuning = "seconds_with_tuning"
            case breakEvenProblems = "break_even_problems"
        }

        public func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(label, forKey: .label)
            try values.encode(secondsToTarget, forKey: .secondsToTarget)
            try values.encode(tuningSeconds, forKey: .tuningSeconds)
            try values.encode(secondsWithTuning, forKey: .secondsWithTuning)
            guard let breakEvenProblems else { return }
            try values.encode(breakEvenProblems.isFinite ? breakEvenProblems : nil, forKey: .breakEvenProblems)
        }
    }

    /// The optimizer whose end is the target.
    public let target: String
    /// One entry for each optimizer, in the race's order.
    public let optimizers: [Entry]

    /// The entry of an optimizer.
    public subscript(label: String) -> Entry? { optimizers.first { $0.label == label } }
}

extension RaceResult {
    /// The hand-designed optimizer with the lowest mean final loss, of those that were tuned if any was.
    public var bestHandDesigned: OptimizerResult? {
        let handDesigned = results.filter { $0.learningRate != nil }
        let tuned = handDesigned.filter { $0.trials != nil }
        return (tuned.isEmpty ? handDesigned : tuned).min { $0.finalStatistics.mean < $1.finalStatistics.mean }
    }

    /// The race by the clock.
    ///
    /// - Parameter target: the optimizer whose end is the target; else `bestHandDesigned`.
    /// - Returns: nil where there is no target, or no step was timed.
    public func clock(to target: OptimizerResult? = nil) -> WallClock? {
        guard let target = target ?? bestHandDesigned, results.contains(where: { $0.millisecondsPerStep != nil })
        else { return nil }
        func seconds(_ time: TimeToTarget) -> Double? { time.medianSeconds.flatMap { $0.isFinite ? $0 : nil } }
        let times = timesToTarget(of: target)
        var alone = self
        alone.results = [target]
        let targetSeconds = seconds(alone.timesToTarget(of: target)[0])
        let budget = targetSeconds.map { $0 + tuningSeconds(of: target) }
        return WallClock(
            target: target.label,
            optimizers: zip(results, times).map { result, time in
                let own = seconds(time)
                let minutes = result.learningRate == nil ? result.trainingMinutes : nil
                var breakEven: Double?
                if let minutes, let budget, target.trials != nil {
                    let saved = own.map { budget - $0 } ?? 0
                    breakEven = saved > 0 ? 60 * minutes / saved : .infinity
                }
                return WallClock.Entry(
                    label: result.label, secondsToTarget: own, tuningSeconds: tuningSeconds(of: result),
                    trainingMinutes: minutes, breakEvenProblems: breakEven)
            })
    }

    /// How long somebody with one problem searches for an optimizer's learning rate.
    private func tuningSeconds(of result: OptimizerResult) -> Double {
        Double(result.trials ?? 0) * Double(steps) * (result.millisecondsPerStep ?? 0) / 1000
    }
}
