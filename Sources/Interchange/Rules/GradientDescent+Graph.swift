import Optimizers

extension SGD: ExportableFormula {
    func parameters(after step: StepGraph) -> GraphValue {
        step.parameters - rate(step).cast(to: .float) * step.gradient
    }
}

extension Momentum: ExportableFormula {
    func parameters(after step: StepGraph) -> GraphValue {
        let buffer = momentum * step.slot("first", "momentum") + step.gradient
        step.setState("first", buffer)
        return step.parameters - rate(step).cast(to: .float) * buffer
    }
}

extension Nesterov: ExportableFormula {
    func parameters(after step: StepGraph) -> GraphValue {
        let buffer = momentum * step.slot("first", "momentum") + step.gradient
        step.setState("first", buffer)
        return step.parameters - rate(step).cast(to: .float) * (step.gradient + momentum * buffer)
    }
}
