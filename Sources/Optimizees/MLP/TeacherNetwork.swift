import NumericCore

/// A random function to be learned: `s Σ_h v_h tanh(w_h · x / √d + b_h) / √H + noise`, with w, b, v and the inputs x
/// standard normal; its values have a standard deviation near `scale` · 0.6.
public struct TeacherNetwork: Sendable, Hashable {
    /// The number of inputs, d.
    public let inputs: Int
    /// s
    public let scale: Float
    /// The standard deviation of the noise, relative to s.
    public let noise: Float

    /// H
    static let units = 16

    /// - Parameters:
    ///   - inputs: the number of inputs, d.
    ///   - scale: s.
    ///   - noise: the standard deviation of the noise, relative to s.
    /// - Precondition: there are inputs; `scale` and `noise` are not negative.
    public init(inputs: Int = 8, scale: Float = 1, noise: Float = 0) {
        precondition(inputs > 0 && scale >= 0 && noise >= 0, "a teacher has inputs, a scale and a noise")
        self.inputs = inputs
        self.scale = scale
        self.noise = noise
    }

    /// One drawn function.
    struct Drawn: Sendable {
        private let network: TeacherNetwork
        /// w_h and b_h of each unit, then all v_h.
        private let weights: [Float]

        init(_ network: TeacherNetwork, key: RandomKey) {
            self.network = network
            var stream = RandomStream(key)
            weights = (0..<TeacherNetwork.units * (network.inputs + 2)).map { _ in stream.normal() }
        }

        /// Draws examples, row after row of inputs; allocates nothing.
        func draw(
            _ count: Int, from stream: inout RandomStream, inputs: UnsafeMutablePointer<Float>,
            targets: UnsafeMutablePointer<Float>
        ) {
            let width = network.inputs
            for example in 0..<count {
                let row = inputs + example * width
                for index in 0..<width { row[index] = stream.normal() }
                targets[example] = value(row) + network.scale * network.noise * stream.normal()
            }
        }

        /// The function without noise.
        func value(_ row: UnsafePointer<Float>) -> Float {
            let (width, units) = (network.inputs, TeacherNetwork.units)
            let root = Float(width).squareRoot()
            var sum: Float = 0
            for unit in 0..<units {
                let first = unit * (width + 1)
                var dot: Float = 0
                for index in 0..<width { dot += weights[first + index] * row[index] }
                sum += weights[units * (width + 1) + unit] * tanh(dot / root + weights[first + width])
            }
            return network.scale * sum / Float(units).squareRoot()
        }
    }
}
