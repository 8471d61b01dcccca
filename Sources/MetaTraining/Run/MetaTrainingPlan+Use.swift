import Files
public import LearnedOptimizers
import NumericCore
import Optimizees

extension MetaTrainingPlan {
    /// The optimizer with the constants that the plan gives.
    ///
    /// - Throws: `InputError` where the rule has no such constant, or not with such a value.
    public func settingConstants<Learned: LearnedOptimizer>(_ optimizer: Learned) throws -> Learned {
        guard !constants.isEmpty else { return optimizer }
        return Learned(weights: try optimizer.weights.setting(constants, subject: "the plan's constants"))
    }

    /// The optimizer with kernels that multiply as the plan says.
    ///
    /// - Throws: `UnknownKernels` where there are none, `InputError` where the rule has no choice.
    func choosingKernels<Learned: LearnedOptimizer>(_ optimizer: Learned) throws -> Learned {
        guard let factors, factors != .single else { return optimizer }
        guard let chosen = optimizer.choosing(try Kernels.selected(multiplyingIn: factors)) else {
            throw InputError(Learned.kind, "has no kernels in \(factors)", advice: "leave factors out of the plan")
        }
        return chosen
    }

    /// The meta-loss of an optimizer on a task, the mean over its periods.
    func metaLoss<Learned: LearnedOptimizer>(
        of optimizer: Learned, on optimizee: any Optimizee, key: RandomKey
    ) -> Double {
        let instance = optimizee.instance(key: key)
        var trajectory = Trajectory(instance, optimizee.layout, optimizer)
        var gradient = [Float](repeating: 0, count: trajectory.parameters.count)
        return mean(
            (0..<truncation.validationPeriods).map { _ in
                let losses = unsafe gradient.withUnsafeMutableBufferPointer { gradient in
                    (0..<truncation.unroll).map { _ in
                        unsafe trajectory.advance(instance, optimizer, gradient: gradient)
                    }
                }
                return metaLoss.value(of: losses, first: trajectory.firstLoss ?? losses[0])
            })
    }
}
