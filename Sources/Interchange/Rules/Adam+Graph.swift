import Optimizers
import Platform

extension Adam: ExportableFormula {
    func parameters(after step: StepGraph) -> GraphValue {
        let moments = Moments(step, beta1: beta1, beta2: beta2)
        let rate = rate(step) / (1 - step.power(beta1))
        return step.parameters - rate.cast(to: .float) * moments.mean / moments.root(step, beta2, epsilon)
    }
}

extension AdamW: ExportableFormula {
    func parameters(after step: StepGraph) -> GraphValue {
        let moments = Moments(step, beta1: beta1, beta2: beta2)
        let scheduled = rate(step)
        let rate = scheduled / (1 - step.power(beta1))
        let keep = (1 - scheduled * weightDecay).cast(to: .float)
        return keep * step.parameters - rate.cast(to: .float) * moments.mean / moments.root(step, beta2, epsilon)
    }
}

extension NAdam: ExportableFormula {
    func parameters(after step: StepGraph) -> GraphValue {
        let momenta = Momenta(step, beta1: beta1, decay: momentumDecay)
        return step.parameters - momenta.change(step, rate(step), beta1: beta1, beta2: beta2, epsilon: epsilon)
    }
}

extension NAdamW: ExportableFormula {
    func parameters(after step: StepGraph) -> GraphValue {
        let momenta = Momenta(step, beta1: beta1, decay: momentumDecay)
        let rate = rate(step)
        let keep = (1 - rate * weightDecay).cast(to: .float)
        return keep * step.parameters
            - momenta.change(step, rate, beta1: beta1, beta2: beta2, epsilon: epsilon)
    }
}

extension SeedRule: ExportableFormula {
    func parameters(after step: StepGraph) -> GraphValue {
        let moments = Moments(step, beta1: beta, beta2: beta)
        let rate = rate(step) / (1 + step.time / timescale).squareRoot()
        let momentumRate = (rate * (1 - gradientShare) / (1 - step.power(beta))).cast(to: .float)
        let gradientRate = (rate * gradientShare).cast(to: .float)
        return step.parameters
            - (momentumRate * moments.mean + gradientRate * step.gradient) / moments.root(step, beta, epsilon)
    }
}

/// Adam's moments after the step.
private struct Moments {
    let mean, squares: GraphValue

    init(_ step: StepGraph, beta1: Double, beta2: Double) {
        let g = step.gradient
        mean = beta1 * step.slot("first", "average of gradients") + (1 - beta1) * g
        squares = beta2 * step.slot("second", "average of squared gradients") + (1 - beta2) * (g * g)
        step.setState("first", mean)
        step.setState("second", squares)
    }

    /// √v̂ + ε.
    func root(_ step: StepGraph, _ beta2: Double, _ epsilon: Double) -> GraphValue {
        squares.squareRoot() / (1 - step.power(beta2)).squareRoot().cast(to: .float) + epsilon
    }
}

/// What a step of NAdam multiplies the gradient and its average by: `(1 − μₜ) / (1 − μ₁ ⋯ μₜ)` and
/// `μₜ₊₁ / (1 − μ₁ ⋯ μₜ₊₁)`.
private struct Momenta {
    let gradient, average: GraphValue

    init(_ step: StepGraph, beta1: Double, decay: Double) {
        let graph = step.graph
        let ratio = graph.scalar(pow(0.96, decay), .double)
        func momentum(_ time: GraphValue) -> GraphValue { beta1 * (1 - 0.5 * ratio.power(time)) }
        var last = step.time
        if let enough = Self.factorsThatMatter(beta1: beta1, decay: decay) {
            last = graph.apply("Min", last, graph.scalar(Double(enough), .double))
        }
        let one = graph.scalar(1, .double)
        let product = momentum(graph.apply("Range", one, last + 1, one)).product()
        let next = momentum(step.time + 1)
        gradient = (1 - momentum(step.time)) / (1 - product)
        average = next / (1 - product * next)
    }

    /// After how many factors the product of momenta is too small to matter beside 1; nil where that is after very many.
    private static func factorsThatMatter(beta1: Double, decay: Double) -> Int? {
        var product = 1.0
        for count in 1...1 << 20 {
            product *= beta1 * (1 - 0.5 * pow(0.96, decay * Double(count)))
            if product < 0x1p-54 { return count }
        }
        return nil
    }

    /// The change of the parameters, to be subtracted.
    func change(
        _ step: StepGraph, _ rate: GraphValue, beta1: Double, beta2: Double, epsilon: Double
    ) -> GraphValue {
        let moments = Moments(step, beta1: beta1, beta2: beta2)
        let (gradientRate, averageRate) = ((rate * gradient).cast(to: .float), (rate * average).cast(to: .float))
        return (gradientRate * step.gradient + averageRate * moments.mean) / moments.root(step, beta2, epsilon)
    }
}
