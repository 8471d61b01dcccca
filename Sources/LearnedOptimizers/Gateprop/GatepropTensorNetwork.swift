import KernelTypes
import NumericCore

/// What is known of a tensor as a whole at one step.
struct GatepropSums {
    /// log₂ of S = RMS(√v̂_a), and S.
    let logSquares: Float
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
        logSquares = log2(squares)
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
/// the log-rate.
struct GatepropTensorNetwork {
    static let inputs = 18
    /// The input that is the log-rate of the step before.
    private static let lastLogRate = 15
    private static let clocks: [Float] = [3, 10, 30, 100, 300, 1_000, 3_000, 10_000]

    let places: GatepropPlaces
    let weights: UnsafePointer<Float>

    /// Writes the inputs.
    ///
    /// - Parameters:
    ///   - time: the step, from 1.
    ///   - tensor: the average of cosines, this step's included, then the last log-rate.
    ///   - level: the average of the whole gradient's log₂ RMS.
    static func fill(
        _ inputs: UnsafeMutablePointer<Float>, _ sums: GatepropSums, _ part: GatepropPlan.Part, time: Int,
        tensor: (cosine: Float, logRate: Float), level: Float
    ) {
        for (index, clock) in clocks.enumerated() { inputs[index] = tanh(Float(time) / clock - 1) }
        inputs[8] = log2(max(sums.fast, 1e-6)) / 3
        inputs[9] = log2(max(sums.slow, 1e-6)) / 3
        inputs[10] = log2(sums.size + 1e-4) / 5
        inputs[11] = 2 * tensor.cosine
        inputs[12] = part.isMatrix ? 1 : 0
        inputs[13] = log2(Float(part.range.count)) / 10
        inputs[14] = min(max((sums.logSquares - level) / 4, -3), 3)
        inputs[lastLogRate] = tensor.logRate / 3
        inputs[16] = sums.cosine
        inputs[17] = min(max((sums.logSquares + 8) / 8, -3), 3)
    }

    /// Hidden units, then outputs, the last of them h_T = 5 tanh(x/5).
    func run(
        _ inputs: UnsafePointer<Float>, _ hidden: UnsafeMutablePointer<Float>, _ outputs: UnsafeMutablePointer<Float>
    ) {
        let width = places.hidden
        for unit in 0..<width {
            let row = weights + places.tensorHiddenWeight + unit * Self.inputs
            var sum = weights[places.tensorHiddenBias + unit]
            for input in 0..<Self.inputs { sum += row[input] * inputs[input] }
            hidden[unit] = tanh(sum)
        }
        for output in 0...width {
            let row = weights + places.tensorOutputWeight + output * width
            var sum = weights[places.tensorOutputBias + output]
            for unit in 0..<width { sum += row[unit] * hidden[unit] }
            outputs[output] = sum
        }
        outputs[width] = 5 * tanh(outputs[width] / 5)
    }

    /// Adds ∂L/∂φ of a run, given ∂L/∂outputs; returns ∂L/∂(the last log-rate), which the run read.
    func addGradient(_ run: GatepropTensorRun, adjoints: [Double], to gradient: inout [Double]) -> Double {
        let width = places.hidden
        var hiddenAdjoints = [Double](repeating: 0, count: width)
        for output in 0...width {
            let rate = Double(run.outputs[output]) / 5
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
            let row = places.tensorHiddenWeight + unit * Self.inputs
            for input in 0..<Self.inputs { gradient[row + input] += adjoint * Double(run.inputs[input]) }
            last += adjoint * Double(weights[row + Self.lastLogRate])
        }
        return last / 3
    }
}

/// What the tensors' network did for one tensor at one step, and what its outputs did to the loss.
struct GatepropTensorRun {
    let inputs, hidden, outputs: [Float]
    let adjoints: [Double]
}
