import KernelTypes

/// Turns a block's gradient into the features that the network reads, and the network's outputs into the update.
protocol FeatureMap: FeatureConstants {
    /// Writes the features, `Self.features` rows, and updates its own rows of state.
    func features(
        of gradient: Vector, state: UnsafeMutablePointer<Vector>, into features: UnsafeMutablePointer<Vector>)

    /// The parameters after the update that the outputs say.
    func updated(_ parameters: Vector, by network: NetworkOutput) -> Vector

    /// Writes ∂L/∂output, `Self.outputs` rows, from ∂L/∂Δθ, the gradient of the update. Features are constants.
    func outputGradients(
        of updateGradient: Vector, by network: NetworkOutput, into gradients: UnsafeMutablePointer<Vector>)
}

/// What the network said at one step of one block.
struct NetworkOutput {
    let features: UnsafePointer<Vector>
    /// After tanh where the layout has it.
    let outputs: UnsafePointer<Vector>
    let scale: Float
}

/// θ ← θ + scale · output, of maps with one output.
protocol ScaledOutput: FeatureMap {}

extension ScaledOutput {
    @inline(always)
    func updated(_ parameters: Vector, by network: NetworkOutput) -> Vector {
        multiplyAdd(network.outputs[0], network.scale, parameters)
    }

    @inline(always)
    func outputGradients(
        of updateGradient: Vector, by network: NetworkOutput, into gradients: UnsafeMutablePointer<Vector>
    ) {
        gradients[0] = updateGradient * network.scale
    }
}

extension NormalizedMoments: ScaledOutput {
    @inline(always)
    func features(
        of gradient: Vector, state: UnsafeMutablePointer<Vector>, into features: UnsafeMutablePointer<Vector>
    ) {
        let m = multiplyAdd(state[0], beta1, gradient * (1 - beta1))
        let v = multiplyAdd(state[1], beta2, gradient * gradient * (1 - beta2))
        state[0] = m
        state[1] = v
        let inverse = 1 / (multiplyAdd(v, correction2, Vector(repeating: innerEpsilon)).squareRoot() + epsilon)
        features[0] = gradient * inverse
        features[1] = m * correction1 * inverse
    }
}

extension LogMagnitude: ScaledOutput {
    @inline(always)
    func features(
        of gradient: Vector, state: UnsafeMutablePointer<Vector>, into features: UnsafeMutablePointer<Vector>
    ) {
        let zero = Vector(repeating: 0)
        let magnitude = gradient.replacing(with: zero - gradient, where: gradient .< zero) + logOffset
        // Below the smallest normal number the logarithm is far under −p anyway.
        let least = Vector(repeating: Float.leastNormalMagnitude)
        let logarithm = log(magnitude.replacing(with: least, where: magnitude .< least)) * inverseP
        let one = Vector(repeating: 1)
        features[0] = logarithm.replacing(with: zero - one, where: logarithm .< zero - one)
        features[1] = clamp(gradient * expP, -1, 1)
    }
}
