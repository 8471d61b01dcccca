import Evaluation
import Optimizers

/// One of the paper's comparisons: optimizers on one optimizee for a number of steps. A panel of a figure, a row of the
/// table of 22.
public struct Panel: Sendable, Hashable, Codable {
    /// How figures and tables call it, as `ReLU, 100 steps`.
    public var title: String
    /// The optimizee's name in the catalogue.
    public var optimizee: String
    /// How many steps each run takes.
    public var steps: Int
    /// Whether a run takes seconds, so that a whole grid of learning rates is out of reach.
    public var isHeavy: Bool
    /// What the paper's authors found when they tuned; nil where nobody tuned.
    public var paperBaseline: PaperBaseline?

    /// `mnist-mlp-relu@100`.
    public var id: String { "\(optimizee)@\(steps)" }

    private enum CodingKeys: String, CodingKey {
        case title, optimizee, steps
        case isHeavy = "heavy"
        case paperBaseline = "paper_baseline"
    }

    /// Makes a panel from its parts.
    public init(
        _ title: String, _ optimizee: String, steps: Int = 100, isHeavy: Bool = false,
        paperBaseline: PaperBaseline? = nil
    ) {
        self.title = title
        self.optimizee = optimizee
        self.steps = steps
        self.isHeavy = isHeavy
        self.paperBaseline = paperBaseline
    }
}

/// The hand-designed optimizer and learning rate that the paper's authors tuned for a row, on the same grid as ours.
public struct PaperBaseline: Sendable, Hashable, Codable {
    /// The optimizer's keyword.
    public let optimizer: String
    /// The learning rate is `2^(halfPower/2)`.
    public let halfPower: Int

    private enum CodingKeys: String, CodingKey {
        case optimizer
        case halfPower = "half_power"
    }

    /// For example `Adam 2^-5.5`: the exponent in half powers.
    public init(_ optimizer: String, halfPower: Int) {
        self.optimizer = optimizer
        self.halfPower = halfPower
    }

    /// For example `adam 2^-5.5`.
    public var text: String { "\(optimizer) 2^\(exponentText(halfPowers: halfPower))" }
}

/// One of the paper's experiments (Lv et al. 2017, sections 5 and 6), as data.
public struct Experiment: Sendable {
    /// What its figure shows.
    public enum Figure: String, Sendable, Codable {
        /// Loss over steps.
        case curves
        /// Final loss over learning rate, the learned optimizers as lines.
        case learningRates
        /// A table of final losses.
        case table
    }

    /// For example `E1`, or `rows`.
    public let id: String
    /// What is compared.
    public let title: String
    /// What the paper found; empty where it says nothing.
    public let claim: String
    /// What its figure shows.
    public let figure: Figure
    /// Where the optimizers race.
    public let panels: [Panel]
    /// What has to be meta-trained for it. Where there is any, these race in place of the weights that are given.
    public let ablations: [Ablation]

    /// Makes an experiment from its parts.
    public init(
        id: String, title: String, claim: String, figure: Figure = .curves, panels: [Panel],
        ablations: [Ablation] = []
    ) {
        self.id = id
        self.title = title
        self.claim = claim
        self.figure = figure
        self.panels = panels
        self.ablations = ablations
    }
}

/// A learned optimizer that is trained with parts of the recipe changed.
public struct Ablation: Sendable, Hashable {
    /// Its folder's name, as `rnnprop-without-convex`.
    public let name: String
    /// How figures and tables call it.
    public let label: String
    /// The kind of learned optimizer, `rnnprop` or `dm`.
    public let kind: String
    /// Whether the optimizee is randomly scaled (section 4.1).
    public let scales: Bool
    /// Whether the convex function is added (section 4.3).
    public let addsConvex: Bool
    /// After how many quarters of the meta-training its weights are tested.
    public let quarters: [Int]

    /// Makes an ablation from its parts; tested when it is done unless said otherwise.
    public init(
        name: String, label: String, kind: String, scales: Bool, addsConvex: Bool, quarters: [Int] = [4]
    ) {
        precondition(!quarters.isEmpty && quarters.allSatisfy((1...4).contains), "quarters are 1 to 4")
        self.name = name
        self.label = label
        self.kind = kind
        self.scales = scales
        self.addsConvex = addsConvex
        self.quarters = quarters
    }

    /// The meta-iterations that are done after a number of quarters; at least one.
    public static func iterations(_ quarter: Int, of total: Int) -> Int { max(1, total * quarter / 4) }
}
