public import Statistics

extension OptimizerResult {
    /// The mean and the median final loss, each with its interval.
    public func finalEstimates(_ bootstrap: Bootstrap) -> (mean: Estimate, median: Estimate) {
        (bootstrap.mean(finalLoss), bootstrap.median(finalLoss))
    }

    /// The final losses of this optimizer's runs as scores against another's median on the same problem.
    public func scores(against reference: OptimizerResult) -> [Double] {
        let median = reference.finalStatistics.median
        return finalLoss.map { logRatio($0, to: median) }
    }
}

extension RaceResult {
    /// The steps and the time that each optimizer takes to where `baseline` ends.
    ///
    /// - Parameters:
    ///   - baseline: the one whose end is the target.
    ///   - window: how many losses are averaged; else a twentieth of the steps.
    public func timesToTarget(of baseline: OptimizerResult, window: Int? = nil) -> [TimeToTarget] {
        results.map {
            TimeToTarget(
                $0.curve, baseline: baseline.curve, window: window ?? max(1, steps / 20),
                millisecondsPerStep: $0.millisecondsPerStep)
        }
    }
}
