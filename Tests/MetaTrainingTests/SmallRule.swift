import Files
import LearnedOptimizers
import MetaTraining
import NumericCore
import Optimizees
import Optimizers

/// Gradient descent whose weights are the logarithm of its rate and a drift: θ ← θ − e^ρ g − δ.
///
/// Small enough for meta-gradients in closed form. It counts its steps, so that it has a state to be kept.
struct LogRateDescent: FirstOrderLearnedOptimizer {
    static let descriptor = RuleDescriptor(
        name: "log-rate-descent", summary: "gradient descent with a learned rate and drift", constants: [],
        size: RuleSize("rates", of: "rate", axis: 0) { "\($0) rate" },
        tensors: { [ParameterShape("rate", [$0]), ParameterShape("drift", [$0])] }, type: LogRateDescent.self)

    let metaParameters: [Float]

    init(rate: Double, drift: Float = 0) { metaParameters = [Float(log(rate)), drift] }
    init(key: RandomKey) { self.init(rate: 0.05) }
    init(weights: LearnedWeights) { metaParameters = weights["rate"] + weights["drift"] }
    private init(_ metaParameters: [Float]) { self.metaParameters = metaParameters }

    var weights: LearnedWeights {
        LearnedWeights(Self.descriptor, size: 1) { [metaParameters[$0 == "rate" ? 0 : 1]] }
    }
    func optimizer(_ metaParameters: [Float]) -> LogRateDescent { LogRateDescent(metaParameters) }

    var name: String { "log-rate-descent(\(metaParameters))" }
    var stateBytesPerParameter: Int { 0 }
    func initialState(for layout: ParameterLayout) -> Int { 0 }
    func record(_ state: Int) -> StateRecord { StateRecord(counts: ["steps": state], tensors: []) }
    func state(from record: StateRecord, for layout: ParameterLayout) throws -> Int { try record.count("steps") }

    func update(parameters: inout MutableSpan<Float>, gradient: Span<Float>, loss: Float?, state: inout Int) {
        let rate = exp(metaParameters[0])
        for index in 0..<gradient.count { parameters[index] -= rate * gradient[index] + metaParameters[1] }
        state += 1
    }

    func metaGradient(of period: borrowing RecordedPeriod<Int>, sample: CoordinateSample) -> [Float] {
        let (count, weights) = (period.parameterCount, period.lossWeights)
        let rate = Double(exp(metaParameters[0]))
        var result = (rate: 0.0, drift: 0.0)
        period.gradients.withPointer { gradients in
            for index in 0..<count {
                // ∂L/∂Δθ_t, the sum over later losses.
                var later = 0.0
                for step in weights.indices.reversed() {
                    let gradient = Double(gradients[step * count + index])
                    result.rate -= later * rate * gradient
                    result.drift -= later
                    later += Double(weights[step]) * gradient
                }
            }
        }
        return [Float(result.rate), Float(result.drift)]
    }
}

/// f(θ) = a θ² / 2 from θ = 1, the same for every key: θ_t = (1 − a e^ρ)^t by `LogRateDescent`.
struct Parabola: Optimizee {
    var curvature: Float = 1
    let name = "parabola"
    let shapes = [ParameterShape("x", [1])]
    func instance(key: RandomKey) -> any OptimizeeInstance { Instance(curvature) }

    final class Instance: OptimizeeInstance {
        private let curvature: Float
        let initialParameters: [Float] = [1]
        init(_ curvature: Float) { self.curvature = curvature }
        func loss(at step: Int, parameters: Span<Float>) -> Float { curvature * parameters[0] * parameters[0] / 2 }
        func lossAndGradient(at step: Int, parameters: Span<Float>, gradient: inout MutableSpan<Float>) -> Float {
            gradient[0] = curvature * parameters[0]
            return loss(at: step, parameters: parameters)
        }
    }
}

/// f_t(θ) = 5 + g_t · θ with gradients that no update changes: what is first-order is then the whole derivative.
struct Incline: Optimizee {
    let name = "incline"
    let shapes = [ParameterShape("x", [3])]
    func instance(key: RandomKey) -> any OptimizeeInstance { Instance() }

    final class Instance: OptimizeeInstance {
        let initialParameters: [Float] = [0.5, -1, 2]
        static func gradient(_ step: Int, _ index: Int) -> Float { Float((7 * step + 5 * index) % 11 - 4) / 4 }
        func loss(at step: Int, parameters: Span<Float>) -> Float {
            (0..<3).reduce(5) { $0 + Self.gradient(step, $1) * parameters[$1] }
        }
        func lossAndGradient(at step: Int, parameters: Span<Float>, gradient: inout MutableSpan<Float>) -> Float {
            for index in 0..<3 { gradient[index] = Self.gradient(step, index) }
            return loss(at: step, parameters: parameters)
        }
    }
}

/// A task of an optimizee, for one run of an estimator.
func trainingTask(_ optimizee: any Optimizee, noise: Int = 0, burnIn: Int = 0) -> TrainingTask {
    TrainingTask(
        optimizee: optimizee, key: RandomKey(seed: 1), noiseKey: RandomKey(seed: 2).child(noise), burnIn: burnIn)
}

func settings(unroll: Int, _ metaLoss: any MetaLoss = RawMetaLoss(losses: .mean)) -> PeriodSettings {
    PeriodSettings(unroll: unroll, metaLoss: metaLoss, sampleKey: RandomKey(seed: 3))
}
