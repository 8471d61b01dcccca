import KernelTypes

/// Turns a block's gradient into the two features that the network reads, updating its own rows of state.
protocol FeatureMap {
    func features(_ gradient: Vector, rows: UnsafeMutablePointer<Vector>) -> (Vector, Vector)
}

extension NormalizedMoments: FeatureMap {
    @inline(always)
    func features(_ gradient: Vector, rows: UnsafeMutablePointer<Vector>) -> (Vector, Vector) {
        let m = multiplyAdd(rows[0], beta1, gradient * (1 - beta1))
        let v = multiplyAdd(rows[1], beta2, gradient * gradient * (1 - beta2))
        rows[0] = m
        rows[1] = v
        let inverse = 1 / ((v * correction2).squareRoot() + epsilon)
        return (gradient * inverse, m * correction1 * inverse)
    }
}

extension LogMagnitude: FeatureMap {
    @inline(always)
    func features(_ gradient: Vector, rows: UnsafeMutablePointer<Vector>) -> (Vector, Vector) {
        let zero = Vector(repeating: 0)
        let magnitude = gradient.replacing(with: zero - gradient, where: gradient .< zero) + logOffset
        // Below the smallest normal number the logarithm is far under −p anyway.
        let least = Vector(repeating: Float.leastNormalMagnitude)
        let logarithm = log(magnitude.replacing(with: least, where: magnitude .< least)) * inverseP
        let one = Vector(repeating: 1)
        return (
            logarithm.replacing(with: zero - one, where: logarithm .< zero - one),
            clamp(gradient * expP, -1, 1)
        )
    }
}
