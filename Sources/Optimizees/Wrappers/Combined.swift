public import NumericCore

/// F(θ, x) = f(θ) + g(x): the second optimizee's coordinates are appended to the first's, the losses added.
///
/// Trick 2 of Lv, Jiang, Li 2017 (section 4.3), by which training meets a well-behaved function too. The paper's
/// training optimizee is
///
///     Combined(RandomScaling(mlp, range: 3), RandomScaling(Convex(), range: 1))
public struct Combined: Optimizee {
    /// f
    public let first: any Optimizee
    /// g
    public let second: any Optimizee

    /// Adds two optimizees of any kind.
    public init(_ first: any Optimizee, _ second: any Optimizee) {
        self.first = first
        self.second = second
    }

    /// Both names with a plus between them.
    public var name: String { "\(first.name)+\(second.name)" }

    public var shapes: [ParameterShape] { first.shapes + second.shapes }

    /// Both with a plus between them, a dash for one that has none.
    public var dataFingerprint: String? {
        let parts = [first.dataFingerprint, second.dataFingerprint]
        return parts == [nil, nil] ? nil : parts.map { $0 ?? "-" }.joined(separator: "+")
    }

    public var instanceBytes: Int {
        first.instanceBytes + second.instanceBytes + parameterCount * MemoryLayout<Float>.stride
    }

    /// Draws the first from `key.child(0)` and the second from `key.child(1)`.
    public func instance(key: RandomKey) -> any OptimizeeInstance {
        CombinedInstance(first.instance(key: key.child(0)), second.instance(key: key.child(1)))
    }
}

/// One drawn problem of `Combined`.
public final class CombinedInstance: OptimizeeInstance {
    public let initialParameters: [Float]
    /// f's instance.
    public let first: any OptimizeeInstance
    /// g's instance.
    public let second: any OptimizeeInstance
    /// Both losses as last evaluated, NaN before that.
    public private(set) var lastLosses: (first: Float, second: Float) = (.nan, .nan)

    /// The number of coordinates that belong to `first`.
    public let firstCount: Int

    init(_ first: any OptimizeeInstance, _ second: any OptimizeeInstance) {
        self.first = first
        self.second = second
        let start = first.initialParameters
        firstCount = start.count
        initialParameters = start + second.initialParameters
    }

    /// The loss of f and of g on the minibatches of `step`.
    public func losses(at step: Int, parameters: Span<Float>) -> (first: Float, second: Float) {
        precondition(parameters.count == initialParameters.count, "parameters do not fit the optimizees")
        lastLosses = (
            first.loss(at: step, parameters: parameters.extracting(..<firstCount)),
            second.loss(at: step, parameters: parameters.extracting(firstCount...))
        )
        return lastLosses
    }

    public func loss(at step: Int, parameters: Span<Float>) -> Float {
        let losses = losses(at: step, parameters: parameters)
        return losses.first + losses.second
    }

    public func lossAndGradient(
        at step: Int, parameters: Span<Float>, gradient: inout MutableSpan<Float>
    ) -> Float {
        precondition(parameters.count == initialParameters.count, "parameters do not fit the optimizees")
        precondition(gradient.count == initialParameters.count, "the gradient does not fit the optimizees")
        let split = firstCount
        gradient.withUnsafeMutableBufferPointer { gradient in
            var head = gradient.extracting(..<split).mutableSpan
            lastLosses.first = first.lossAndGradient(
                at: step, parameters: parameters.extracting(..<split), gradient: &head)
            var tail = gradient.extracting(split...).mutableSpan
            lastLosses.second = second.lossAndGradient(
                at: step, parameters: parameters.extracting(split...), gradient: &tail)
        }
        return lastLosses.first + lastLosses.second
    }

    public func averageLoss(steps: Int, parameters: Span<Float>, isCancelled: () -> Bool) -> Double? {
        precondition(parameters.count == initialParameters.count, "parameters do not fit the optimizees")
        guard
            let first = first.averageLoss(
                steps: steps, parameters: parameters.extracting(..<firstCount), isCancelled: isCancelled),
            let second = second.averageLoss(
                steps: steps, parameters: parameters.extracting(firstCount...), isCancelled: isCancelled)
        else { return nil }
        return first + second
    }

    /// How f's part of the parameters does.
    public func heldOut(parameters: Span<Float>) -> HeldOut? {
        precondition(parameters.count == initialParameters.count, "parameters do not fit the optimizees")
        return first.heldOut(parameters: parameters.extracting(..<firstCount))
    }
}
