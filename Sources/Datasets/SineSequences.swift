public import NumericCore

/// Noisy sine waves, each with the value that follows it (Lv, Jiang, Li 2017, section 5.3).
///
/// A sequence is `x_k = A sin(k ω + φ) + noise` for k = 0 … `length` − 1, with A ~ U[0, 10], ω ~ U[0, π/2],
/// φ ~ U[0, 2π] and noise from N(0, `noise`²) at each k. The target is `A sin(length · ω + φ)`, without noise.
/// The paper does not say where k begins; in the authors' program it is 0.
public struct SineSequences: Sendable, Hashable {
    /// The number of values that are seen.
    public let length: Int
    /// The standard deviation of the noise.
    public let noise: Float

    /// - Parameters:
    ///   - length: the number of values that are seen.
    ///   - noise: the standard deviation of the noise.
    /// - Precondition: `length` is positive, `noise` finite and not negative.
    public init(length: Int = 10, noise: Float = 0.1) {
        precondition(length > 0 && noise >= 0 && noise.isFinite, "a sequence has a length and a noise")
        self.length = length
        self.noise = noise
    }

    /// Draws the next `count` sequences of a stream; allocates nothing.
    ///
    /// - Parameters:
    ///   - count: how many sequences.
    ///   - stream: where their numbers come from. A sequence takes the same ones however many are drawn at once.
    ///   - values: gets `x_k` of sequence i at `k · stride + i`.
    ///   - stride: the distance from one k to the next.
    ///   - targets: gets one value for each sequence.
    /// - Precondition: `values` has room for `(length − 1) · stride + count` floats and `targets` for `count`.
    public func draw(
        _ count: Int, from stream: inout RandomStream, values: UnsafeMutablePointer<Float>, stride: Int,
        targets: UnsafeMutablePointer<Float>
    ) {
        precondition(0 <= count && count <= stride, "sequences lie side by side")
        for index in 0..<count {
            let amplitude = Double(stream.uniform(in: 0...10))
            let frequency = Double(stream.uniform()) * Double.pi / 2
            let phase = Double(stream.uniform()) * 2 * Double.pi
            for k in 0..<length {
                let clean = amplitude * sin(Double(k) * frequency + phase)
                values[k * stride + index] = Float(clean) + noise * stream.normal()
            }
            targets[index] = Float(amplitude * sin(Double(length) * frequency + phase))
        }
    }

    /// The next `count` sequences of a stream, one after the other.
    public func draw(_ count: Int, from stream: inout RandomStream) -> (values: [[Float]], targets: [Float]) {
        var values = [Float](repeating: 0, count: length * count)
        var targets = [Float](repeating: 0, count: count)
        values.withUnsafeMutableBufferPointer { values in
            targets.withUnsafeMutableBufferPointer { targets in
                guard let values = values.baseAddress, let targets = targets.baseAddress else { return }
                draw(count, from: &stream, values: values, stride: count, targets: targets)
            }
        }
        return ((0..<count).map { index in (0..<length).map { values[$0 * count + index] } }, targets)
    }
}
