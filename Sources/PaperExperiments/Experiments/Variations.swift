extension Experiments {
    /// Problems near the paper's that are not the paper's: what was chosen on its rows was not chosen on these.
    public static let variations = Experiment(
        id: "variations", title: "Variations of the rows", claim: "", figure: .table,
        panels: [10, 50, 100, 200].map { Panel("\($0) hidden units", "mnist-mlp:width=\($0)", isHeavy: $0 > 50) }
            + [16, 32, 512].map { Panel("batches of \($0)", "mnist-mlp:batch=\($0)", isHeavy: $0 > 128) }
            + ["0.02", "0.5"].map { Panel("initial deviation \($0)", "mnist-mlp:initial=\($0)") } + [
                Panel("base MLP, 500 steps", "mnist-mlp", steps: 500),
                Panel("base MLP, 5,000 steps", "mnist-mlp", steps: 5000, isHeavy: true),
                Panel("ReLU, 3 layers of 64", "mnist-mlp:activation=relu,depth=3,width=64", isHeavy: true),
                Panel("built-in digits", "digits-mlp"),
                Panel("built-in digits, 4 hidden layers", "digits-mlp-d4"),
                Panel("CNN on MNIST, twice the width", "mnist-cnn:width=32", isHeavy: true),
                Panel("CNN on CIFAR-10, twice the width", "cifar-cnn:width=32", isHeavy: true),
                Panel("LSTM of 40 units", "sine-lstm:hidden=40", isHeavy: true),
            ])
}
