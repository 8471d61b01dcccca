import NumericCore
import Optimizers

/// Gradients made up for one matrix, step by step: g_t = s (|a| d_t + √(1 − a²) ξ_t) with normal noise ξ.
///
/// a is the *agreement*: 1 for the same gradient at every step, 0 for noise alone, −1 for one that changes its sign at
/// every step. d_t is 1 or −1, of each coordinate its own. All gradients have a root mean square of s.
struct GradientSource: Sendable {
    /// a, from −1 to 1.
    var agreement: Double
    /// s.
    var scale = 1.0
    /// Whether all gradients and parameters have the other sign.
    var isMirrored = false
    /// The root of its noise and of its signs.
    var key: RandomKey

    /// The matrix.
    static let layout = ParameterLayout([ParameterShape("w", [16, 16])])
    /// The coordinates that are looked at come first. They are 0, where float32 keeps the whole of a small step.
    static let measured = 96

    /// The parameters, which stay where they are: 0, then normal with a deviation of 0.1.
    var parameters: [Float] {
        var stream = RandomStream(key.child(-1))
        let sign: Float = isMirrored ? -0.1 : 0.1
        return (0..<Self.layout.count).map { $0 < Self.measured ? 0 : sign * stream.normal() }
    }

    /// The gradient of a step, counted from 1.
    func gradient(_ step: Int) -> [Float] {
        var (signs, noise) = (RandomStream(key.child(-2)), RandomStream(key.child(step)))
        let turn = agreement < 0 && step.isMultiple(of: 2) ? -1.0 : 1
        let size = (isMirrored ? -1 : 1) * scale
        let (steady, random) = (size * turn * abs(agreement), size * (1 - agreement * agreement).squareRoot())
        return (0..<Self.layout.count).map { _ in
            Float(steady * (signs.uniform() < 0.5 ? -1 : 1) + random * Double(noise.normal()))
        }
    }
}

/// What becomes of an optimizer that is fed gradients which do not depend on what it does.
struct Feeding<O: Optimizer> {
    private let optimizer: O
    private let start: [Float]
    private var state: O.State

    init(_ optimizer: O, _ parameters: [Float]) {
        self.optimizer = optimizer
        start = parameters
        state = optimizer.initialState(for: GradientSource.layout)
    }

    /// Δθ of all coordinates. The parameters are put back where they were, the loss is always 1.
    mutating func step(_ gradient: [Float]) -> [Float] {
        var parameters = start
        optimizer.update(&parameters, gradient: gradient, loss: 1, state: &state)
        for index in parameters.indices { parameters[index] -= start[index] }
        return parameters
    }
}

/// The root mean square of the steps of those coordinates that are looked at; NaN where one is not finite.
func measuredSize(_ change: [Float]) -> Double {
    rootMeanSquare(change.prefix(GradientSource.measured))
}

/// √(mean of x²), in double precision.
func rootMeanSquare(_ values: some Collection<Float>) -> Double {
    (values.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(values.count, 1))).squareRoot()
}
