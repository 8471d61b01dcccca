import Files
public import Optimizers

/// The paper's experiments, E1 to E10, and its 22 test rows.
public enum Experiments {
    /// The seven hand-designed optimizers that the paper tunes at constant rates.
    public static let opponents: [any HandDesignedOptimizer] = [
        SGD(), Momentum(), Nesterov(), Adagrad(), RMSprop(), Adadelta(), Adam(),
    ]

    /// The rows on which the paper races a learned optimizer against tuned ones, with what its authors' tuning found.
    public static let rows: [Panel] =
        [
            Panel("base MLP", base, paperBaseline: adam(-10)),
            Panel("base MLP, 2,000 steps", base, steps: 2000, isHeavy: true, paperBaseline: adam(-12)),
            Panel("base MLP, 10,000 steps", base, steps: 10_000, isHeavy: true, paperBaseline: adam(-14)),
            Panel("ReLU", "mnist-mlp-relu", paperBaseline: adam(-11)),
            Panel("ELU", "mnist-mlp-elu", paperBaseline: adam(-11)),
            Panel("tanh", "mnist-mlp-tanh", paperBaseline: adam(-13)),
        ]
        + zip(2...10, [-10, -10, -12, -12, -12, -13, -22, -21, -21]).map { depth, halfPower in
            Panel("\(depth) hidden layers", "mnist-mlp-d\(depth)", paperBaseline: adam(halfPower))
        } + [
            Panel("CNN on MNIST", "mnist-cnn", isHeavy: true, paperBaseline: adam(-12)),
            Panel("deep CNN on MNIST", "mnist-cnn-deep", isHeavy: true, paperBaseline: adam(-15)),
            Panel("CNN on CIFAR-10", "cifar-cnn", isHeavy: true, paperBaseline: adam(-14)),
            Panel("deep CNN on CIFAR-10", "cifar-cnn-deep", isHeavy: true, paperBaseline: adam(-16)),
            Panel("LSTM", "sine-lstm", paperBaseline: PaperBaseline("adagrad", halfPower: -2)),
            Panel("two-layer LSTM", "sine-lstm-2", paperBaseline: adam(-11)),
            Panel("LSTM, little noise", "sine-lstm-lownoise", paperBaseline: adam(-10)),
        ]

    /// E1 to E10, then the rows.
    public static let all: [Experiment] = [
        Experiment(
            id: "E1", title: "The problem it was trained on: base MLP, 100 steps",
            claim: "Both learned optimizers beat every tuned one; DMoptimizer is slightly ahead of RNNprop.",
            panels: [row(base)]),
        Experiment(
            id: "E2", title: "A longer horizon: base MLP, 2,000 steps",
            claim: "RNNprop is comparable to the tuned optimizers; DMoptimizer fails.",
            panels: [row(base, steps: 2000)]),
        Experiment(
            id: "E3", title: "A hundred times the horizon: base MLP, 10,000 steps",
            claim: "RNNprop keeps descending but more slowly, and is overtaken; DMoptimizer diverges.",
            panels: [row(base, steps: 10_000)]),
        Experiment(
            id: "E4", title: "Final loss against learning rate: base MLP, 100 steps",
            claim: "Every hand-designed optimizer needs its rate tuned; RNNprop, which has none, lies below all.",
            figure: .learningRates, panels: [row(base)]),
        Experiment(
            id: "E5", title: "Other activations, 100 steps",
            claim: "RNNprop wins or ties; DMoptimizer fails.",
            panels: ["mnist-mlp-relu", "mnist-mlp-elu", "mnist-mlp-tanh"].map { row($0) }),
        Experiment(
            id: "E6", title: "More hidden layers, 100 steps",
            claim: "RNNprop is always ahead, until at great depth no optimizer makes progress.",
            panels: (2...10).map { row("mnist-mlp-d\($0)") }),
        Experiment(
            id: "E7", title: "Convolutional networks, 100 steps",
            claim: "RNNprop wins two of four, the best tuned optimizer the others; DMoptimizer fails.",
            panels: ["mnist-cnn", "mnist-cnn-deep", "cifar-cnn", "cifar-cnn-deep"].map { row($0) }),
        Experiment(
            id: "E8", title: "Recurrent networks, 100 steps",
            claim: "RNNprop is comparable or better.",
            panels: ["sine-lstm", "sine-lstm-2", "sine-lstm-lownoise"].map { row($0) }),
        Experiment(
            id: "E9", title: "Ablation: trained with and without the convex function",
            claim: "With it, fewer meta-iterations give good results.",
            panels: [row(base), row("mnist-mlp-relu")],
            ablations: [
                Ablation(
                    name: "rnnprop", label: "with convex function", kind: "rnnprop", scales: true, addsConvex: true,
                    quarters: [1, 2, 3, 4]),
                Ablation(
                    name: "rnnprop-without-convex", label: "without", kind: "rnnprop", scales: true,
                    addsConvex: false, quarters: [1, 2, 3, 4]),
            ]),
        Experiment(
            id: "E10", title: "Ablation: random scaling",
            claim: "Random scaling is what generalizes, for DMoptimizer too.",
            panels: [row("mnist-mlp-relu")],
            ablations: [
                Ablation(
                    name: "rnnprop", label: "RNNprop, both tricks", kind: "rnnprop", scales: true, addsConvex: true),
                Ablation(
                    name: "rnnprop-without-scaling", label: "RNNprop, no random scaling", kind: "rnnprop",
                    scales: false, addsConvex: true),
                Ablation(name: "dm", label: "DMoptimizer", kind: "dm", scales: false, addsConvex: false),
                Ablation(
                    name: "dm-with-tricks", label: "DMoptimizer, both tricks", kind: "dm", scales: true,
                    addsConvex: true),
            ]),
        Experiment(
            id: "rows", title: "The 22 test rows", claim: "", figure: .table, panels: rows),
    ]

    /// The experiments of some names: `E1` to `E10` in either case, `rows`, `variations`, or `all`, which is all but the last.
    ///
    /// - Throws: `InputError` for an unknown name, with the nearest known one.
    public static func named(_ names: [String]) throws -> [Experiment] {
        let experiments = all + [variations]
        let known = experiments.map(\.id) + ["all"]
        let wanted = try names.map { name in
            guard let id = known.first(where: { $0.lowercased() == name.lowercased() }) else {
                throw InputError(name, "is not an experiment", advice: suggestion(for: name, among: known))
            }
            return id
        }
        return experiments.filter { wanted.contains($0.id) || wanted.contains("all") && $0.id != variations.id }
    }

    private static let base = "mnist-mlp"

    private static func adam(_ halfPower: Int) -> PaperBaseline { PaperBaseline("adam", halfPower: halfPower) }

    private static func row(_ optimizee: String, steps: Int = 100) -> Panel {
        rows.first { $0.optimizee == optimizee && $0.steps == steps }!
    }
}
