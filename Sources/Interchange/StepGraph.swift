import Optimizers

/// The graph of one step, with the inputs and outputs that the graph of every rule has: `parameters`, `gradient`, `step`
/// and what the rule remembers; and of all but the gradient the same after the step, as `new_parameters`.
///
/// What is remembered has the names and shapes of `Optimizer.record(_:)`, so that a state goes from ours to a graph and back.
final class StepGraph {
    let graph: Graph
    /// The tensors that the parameters are; nil where there may be any number of them.
    let layout: ParameterLayout?
    /// The number of parameters.
    let count: Dimension
    /// θ before the step, one flat vector.
    let parameters: GraphValue
    /// ∇f(θ).
    let gradient: GraphValue
    /// How many steps were taken before, a scalar in double precision as all that is computed of time.
    let taken: GraphValue
    /// The step's number, from 1.
    let time: GraphValue
    /// As whole number.
    private let step: GraphValue
    /// What is remembered after the step, by name.
    private var states: [(name: String, value: GraphValue)] = []

    init(_ graph: Graph, layout: ParameterLayout?) {
        self.graph = graph
        self.layout = layout
        count = layout.map { .fixed($0.count) } ?? .symbol("n")
        let isOne = layout.map { $0.shapes.count == 1 } ?? true
        parameters = graph.input(
            Port("parameters", .float, [count], isOne ? "parameters" : "the tensors' parameters, one after the other")
        )
        gradient = graph.input(Port("gradient", .float, [count], "the loss's gradient at these parameters"))
        step = graph.input(Port("step", .int64, [], "steps taken, 0 at first"))
        taken = step.cast(to: .double)
        time = taken + 1
    }

    /// A further input: what is remembered under a name.
    func state(_ name: String, _ shape: [Dimension], _ summary: String) -> GraphValue {
        graph.input(Port(name, .float, shape, summary))
    }

    /// What is remembered under a name after the step.
    func setState(_ name: String, _ value: GraphValue) { states.append((name, value)) }

    /// Makes outputs of the parameters after the step and of what is remembered, in the order of the inputs.
    func finish(parameters: GraphValue) {
        for port in graph.inputs where port.name != "gradient" {
            let value: GraphValue
            switch port.name {
            case "parameters": value = parameters
            case "step": value = step + 1
            default: value = states.first { $0.name == port.name }!.value
            }
            graph.output(value, Port("new_\(port.name)", port.type, port.shape, "\(port.summary): after the step"))
        }
    }

    // MARK: Time

    /// A number to the power of the step's number.
    func power(_ base: Double) -> GraphValue { graph.scalar(base, .double).power(time) }

    /// The rate of the step, as `Schedule` has it.
    func rate(_ learningRate: Double, _ schedule: Schedule) -> GraphValue {
        let rate = graph.scalar(learningRate, .double)
        let warmUp = Double(schedule.warmUpSteps)
        let since = taken - warmUp
        let shape: GraphValue
        switch schedule.shape {
        case .constant where schedule.warmUpSteps == 0: return rate
        case .constant: shape = graph.scalar(1, .double)
        case .cosine(let steps):
            let angle = since / (Double(steps) - warmUp) * Double.pi
            shape = (taken < Double(steps)).choose((1 + angle.cosine()) / 2, graph.scalar(0, .double))
        case .inverseSquareRoot(let timescale): shape = 1 / (1 + since / Double(timescale)).squareRoot()
        }
        guard schedule.warmUpSteps > 0 else { return rate * shape }
        return rate * (taken < warmUp).choose(time / warmUp, shape)
    }
}
