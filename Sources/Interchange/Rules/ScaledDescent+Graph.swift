import Optimizers

extension Adagrad: ExportableFormula {
    func parameters(after step: StepGraph) -> GraphValue {
        let g = step.gradient
        let sum = step.slot("first", "sum of squared gradients, \(initialAccumulator) at first") + g * g
        step.setState("first", sum)
        return step.parameters - rate(step).cast(to: .float) * g / (sum.squareRoot() + epsilon)
    }
}

extension RMSprop: ExportableFormula {
    func parameters(after step: StepGraph) -> GraphValue {
        let g = step.gradient
        let average = alpha * step.slot("first", "average of squared gradients") + (1 - alpha) * (g * g)
        step.setState("first", average)
        return step.parameters - rate(step).cast(to: .float) * g / (average.squareRoot() + epsilon)
    }
}

extension Adadelta: ExportableFormula {
    func parameters(after step: StepGraph) -> GraphValue {
        let g = step.gradient
        let squares = rho * step.slot("first", "average of squared gradients") + (1 - rho) * (g * g)
        let before = step.slot("second", "average of squared steps")
        let delta = (before + epsilon).squareRoot() / (squares + epsilon).squareRoot() * g
        step.setState("first", squares)
        step.setState("second", rho * before + (1 - rho) * (delta * delta))
        return step.parameters - rate(step).cast(to: .float) * delta
    }
}
