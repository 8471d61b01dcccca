import KernelTypes
import NumericCore

/// What is known of a tensor as a whole at one step.
struct GatepropSums {
    /// S = RMS(√v̂_a).
    let squares: Float
    /// P = RMS(θ).
    let size: Float
    /// Root mean squares of m̂/√v̂, fast and slow.
    let fast: Float
    let slow: Float
    /// Σ g².
    let gradientSquares: Double
    /// The cosine between the gradient and the mean before it; 0 where there is none.
    let cosine: Float

    /// What is never divided by, and has a logarithm.
    private static let least: Float = 1e-20

    /// - Parameter sums: those of `GateKernels.sum`, in its order, over all chunks.
    init(_ sums: UnsafePointer<Double>, count: Int) {
        func root(_ sum: Double) -> Float { Float((sum / Double(count)).squareRoot()) }
        squares = max(root(sums[0]), Self.least)
        size = max(root(sums[1]), Self.least)
        (fast, slow) = (root(sums[2]), root(sums[3]))
        gradientSquares = sums[4]
        let lengths = (sums[4] * sums[6]).squareRoot()
        cosine = lengths > 0 ? Float(sums[5] / lengths) : 0
    }

    /// log₂ of the root mean square of the whole gradient.
    static func level(_ squares: Double, count: Int) -> Float {
        log2(max(Float((squares / Double(count)).squareRoot()), least))
    }
}

/// The network that looks at a tensor: 18 inputs, tanh units, and for each of the coordinates' hidden units a bias and, last,
/// the log-rate h_T = 5 tanh(x/5). Kernels run it, on many tensors at a time.
struct GatepropTensorNetwork {
    private static let periods: [Float] = [3, 10, 30, 100, 300, 1_000, 3_000, 10_000]

    let places: GatepropPlaces
    let weights: UnsafePointer<Float>

    /// The inputs that are functions of the step, which counts from 1.
    static func clocks(_ time: Int) -> [Float] { periods.map { tanh(Float(time) / $0 - 1) } }

    /// Adds ∂L/∂φ of a run, given ∂L/∂outputs; returns ∂L/∂(the last log-rate), which the run read.
    func addGradient(_ run: GatepropTensorRun, adjoints: [Double], to gradient: inout [Double]) -> Double {
        let width = places.hidden
        var hiddenAdjoints = [Double](repeating: 0, count: width)
        for output in 0...width {
            let rate = Double(run.logRate) / 5
            let adjoint = output == width ? adjoints[output] * (1 - rate * rate) : adjoints[output]
            gradient[places.tensorOutputBias + output] += adjoint
            let row = places.tensorOutputWeight + output * width
            for unit in 0..<width {
                gradient[row + unit] += adjoint * Double(run.hidden[unit])
                hiddenAdjoints[unit] += adjoint * Double(weights[row + unit])
            }
        }
        var last = 0.0
        for unit in 0..<width {
            let adjoint = hiddenAdjoints[unit] * Double(1 - run.hidden[unit] * run.hidden[unit])
            gradient[places.tensorHiddenBias + unit] += adjoint
            let row = places.tensorHiddenWeight + unit * GateTensorRows.inputs
            for input in 0..<GateTensorRows.inputs { gradient[row + input] += adjoint * Double(run.inputs[input]) }
            last += adjoint * Double(weights[row + GateTensorRows.lastLogRate])
        }
        return last / 3
    }
}

/// What the tensors' network did for one tensor at one step, and what its outputs did to the loss.
struct GatepropTensorRun {
    let inputs, hidden: [Float]
    let logRate: Float
    let adjoints: [Double]
}
