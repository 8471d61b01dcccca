/// An optimizer that wants to know how many steps a run takes. Who runs it for a known number of steps tells it.
public protocol BudgetedOptimizer: Optimizer {
    /// The same rule for runs of so many steps.
    func withBudget(_ steps: Int) -> Self
}

/// An optimizer that knows how many steps its run takes, if it wants to.
public func withBudget(_ steps: Int, _ optimizer: any Optimizer) -> any Optimizer {
    (optimizer as? any BudgetedOptimizer)?.withBudget(steps) ?? optimizer
}
