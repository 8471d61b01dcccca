public import KernelTypes

/// A map like none that ships: three features, three rows of state and two outputs, a direction and the logarithm of a
/// size: θ ← θ + scale · o₀ · exp(o₁).
///
/// Its features are RNNprop's and a slow average of the first of them, after tanh.
public struct DirectionAndSize: FeatureConstants {
    public static var features: Int { 3 }
    public static var outputs: Int { 2 }
    public static var stateRows: Int { 3 }

    public var moments: NormalizedMoments
    /// The decay of the slow average.
    public var slow: Float

    public init(moments: NormalizedMoments, slow: Float) {
        self.moments = moments
        self.slow = slow
    }
}

extension DirectionAndSize: FeatureMap {
    @inline(always)
    func features(
        of gradient: Vector, state: UnsafeMutablePointer<Vector>, into features: UnsafeMutablePointer<Vector>
    ) {
        moments.features(of: gradient, state: state, into: features)
        state[2] = multiplyAdd(state[2], slow, features[0] * (1 - slow))
        features[2] = tanh(state[2])
    }

    @inline(always)
    func updated(_ parameters: Vector, by network: NetworkOutput) -> Vector {
        multiplyAdd(network.outputs[0] * network.size, network.scale, parameters)
    }

    @inline(always)
    func outputGradients(
        of updateGradient: Vector, by network: NetworkOutput, into gradients: UnsafeMutablePointer<Vector>
    ) {
        gradients[0] = updateGradient * network.scale * network.size
        gradients[1] = gradients[0] * network.outputs[0]
    }
}

extension NetworkOutput {
    /// The size from its logarithm, which must lie where `exp2` is not clamped.
    fileprivate var size: Vector {
        @inline(always) get { exp2(outputs[1] * log2E) }
    }
}

/// The kernels of `DirectionAndSize`, compiled like those of the maps that ship.
public let directionAndSize: NetworkKernels<DirectionAndSize> = kernels()
