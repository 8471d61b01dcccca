public import NumericCore

/// Something to be optimized: a family of problems from which fresh ones are drawn.
///
/// An optimizee knows nothing of optimizers; its parameters are one flat vector with a list of named shapes.
public protocol Optimizee: Sendable {
    /// The name with every option that differs from the defaults, as `mnist-mlp:width=40`.
    var name: String { get }

    /// The tensors that the flat parameter vector holds, in order.
    var shapes: [ParameterShape] { get }

    /// Tells the data that problems are made of from others under the same name, as `ImageSplit.fingerprint` does; nil
    /// where the name says it all. Results that are kept are keyed by it: whoever wraps an optimizee passes it on.
    var dataFingerprint: String? { get }

    /// About how many bytes an instance takes: its initial parameters and its scratch memory, not the data that all share.
    var instanceBytes: Int { get }

    /// Draws one problem: initial parameters, data order and whatever else is random, from `key` alone.
    func instance(key: RandomKey) -> any OptimizeeInstance
}

extension Optimizee {
    /// The tensors as a layout.
    public var layout: ParameterLayout { ParameterLayout(shapes) }

    /// The number of parameters, n.
    public var parameterCount: Int { shapes.reduce(0) { $0 + $1.count } }

    public var dataFingerprint: String? { nil }

    /// Initial parameters, and as much again.
    public var instanceBytes: Int { 2 * parameterCount * MemoryLayout<Float>.stride }
}

/// One drawn problem. It owns its scratch memory: use it from one thread at a time.
public protocol OptimizeeInstance: AnyObject {
    /// θ₀.
    var initialParameters: [Float] { get }

    /// The loss on the minibatch of `step` and its gradient, which overwrites `gradient`.
    ///
    /// The same step always meets the same minibatch. A loss may be infinite or NaN where the problem diverges.
    func lossAndGradient(at step: Int, parameters: Span<Float>, gradient: inout MutableSpan<Float>) -> Float

    /// The loss alone.
    func loss(at step: Int, parameters: Span<Float>) -> Float

    /// The mean of `loss(at:parameters:)` over the steps `0 ..< steps`; nil once `isCancelled`, which is asked now and
    /// then, is true.
    ///
    /// Whoever knows that steps share examples may look at each of them once; the sum is then rounded in another way.
    func averageLoss(steps: Int, parameters: Span<Float>, isCancelled: () -> Bool) -> Double?

    /// How parameters do on data that no step meets; nil where there are none, as for functions in closed form.
    ///
    /// The same parameters always give the same numbers, whatever was asked before.
    func heldOut(parameters: Span<Float>) -> HeldOut?
}

extension OptimizeeInstance {
    public func heldOut(parameters: Span<Float>) -> HeldOut? { nil }

    /// Evaluates step after step.
    public func averageLoss(steps: Int, parameters: Span<Float>, isCancelled: () -> Bool) -> Double? {
        var sum = 0.0
        for step in 0..<steps {
            if isCancelled() { return nil }
            sum += Double(loss(at: step, parameters: parameters))
        }
        return sum / Double(steps)
    }
}

/// How parameters do on held-out data.
public struct HeldOut: Sendable, Hashable {
    /// The mean loss over all held-out examples.
    public let loss: Double
    /// The share of examples that are classified right; nil where nothing is classified.
    public let accuracy: Double?

    public init(loss: Double, accuracy: Double? = nil) {
        self.loss = loss
        self.accuracy = accuracy
    }
}
