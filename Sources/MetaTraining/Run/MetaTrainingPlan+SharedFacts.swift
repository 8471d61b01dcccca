import Files
import LearnedOptimizers
import NumericCore
import Optimizees

extension MetaTrainingPlan {
    /// What processes that train together must have in common, so that their results are those of one: what they are told
    /// to do, and what they compute.
    ///
    /// - Parameters:
    ///   - configuration: names and values of everything that decides what the run computes.
    ///   - probe: the optimizer that a new run begins with, whose first steps on a few tasks are compared: libraries and
    ///     processors differ in more than they say.
    func sharedFacts<Learned: LearnedOptimizer>(
        _ configuration: [String: String], probe: Learned, on tasks: any TaskDistribution, seed: UInt64
    ) throws -> [SharedFact] {
        var facts = [
            SharedFact("kernels", Kernels.selected.name, advice: "set L2O_KERNELS to what all machines can")
        ]
        for (name, value) in configuration.sorted(by: { $0.key < $1.key }) where name != ConfigurationName.command {
            let isData = name == ConfigurationName.data
            facts.append(
                SharedFact(
                    name, value,
                    advice: isData
                        ? "give all machines the same data, see l2o data" : "give the same arguments everywhere"))
        }
        facts.append(
            SharedFact(
                "first steps", try firstSteps(of: try choosingKernels(probe), on: tasks, seed: seed),
                advice: """
                    use processors of one kind, or L2O_KERNELS and ONEDNN_MAX_CPU_ISA as the oldest needs it, and the same \
                    version of the program and its libraries
                    """))
        return facts
    }

    /// A digest of what the first steps of a few tasks come to.
    private func firstSteps<Learned: LearnedOptimizer>(
        of optimizer: Learned, on tasks: any TaskDistribution, seed: UInt64
    ) throws -> String {
        let key = MetaTrainingBranch.validation.key(seed: seed).child(-1)
        var digest = Digest()
        for task in 0..<3 {
            let key = key.child(task)
            let drawn = TrainingTask(optimizee: tasks.optimizee(key: key), key: key, noiseKey: key.child(-4))
            let settings = PeriodSettings(unroll: 3, metaLoss: metaLoss, sampleKey: key.child(-5))
            let result = estimator.run(drawn, optimizer).runPeriod(optimizer, settings)
            digest.add(result.metaLoss.bitPattern)
            for value in result.gradient { digest.add(UInt64(value.bitPattern)) }
        }
        return digest.text
    }
}
