import Datasets

/// The MLPs on each data set: the base one, its activations, its depths.
let mlpEntries: [OptimizeeCatalogue.Entry] = [
    (LoadedData.Dataset.mnist, "MNIST"), (.digits, "the built-in digits"),
].flatMap { dataset, title in
    let base = "\(dataset.rawValue)-mlp"
    return [mlpEntry(base, "MLP on \(title), one hidden layer of 20 sigmoid units", dataset)]
        + [(Activation.relu, "ReLU"), (.elu, "ELU"), (.tanh, "tanh")].map { activation, word in
            mlpEntry(
                "\(base)-\(activation.rawValue)", "MLP on \(title), one hidden layer of 20 \(word) units", dataset,
                activation: activation)
        }
        + (2...10).map { depth in
            mlpEntry(
                "\(base)-d\(depth)", "MLP on \(title), \(depth) hidden layers of 20 sigmoid units", dataset,
                depth: depth)
        }
}

private func mlpEntry(
    _ name: String, _ summary: String, _ dataset: LoadedData.Dataset, activation: Activation = .sigmoid,
    depth: Int = 1
) -> OptimizeeCatalogue.Entry {
    OptimizeeCatalogue.Entry(
        name: name, summary: summary,
        options: ["width", "depth", "hidden", "activation", "pool", "shift", "batch", "initial"]
    ) { options, data in
        let hidden = try options.hiddenWidths(depth: depth)
        let activation = try options.choice("activation", default: activation)
        let batch = try options.integer("batch", default: 128, in: 1...1_000_000)
        let initial = try options.number("initial", default: 0.1, atLeast: 0)
        let pool = try options.integer("pool", default: 1, in: 1...1000)
        guard try data.images(dataset).training.canBePooled(by: pool) else {
            throw options.unusable("pool", advice: "give a divisor of the images' side, as 2 or 4 for 28 pixels")
        }
        let shift = try options.number("shift", default: 0, atLeast: -1)
        let images = try data.images(dataset, pooledBy: pool, shiftedBy: shift)
        return MLP(
            dataset: dataset.rawValue, images: images.training, heldOut: images.heldOut,
            hiddenWidths: hidden, activation: activation,
            batchSize: batch, initialScale: initial, pooling: pool, shift: shift)
    }
}

extension NameOptions {
    /// The widths of hidden layers, by `hidden`, or by `width` and `depth`.
    func hiddenWidths(depth: Int) throws -> [Int] {
        try refuse("hidden", with: "width")
        try refuse("hidden", with: "depth")
        let width = try integer("width", default: 20, in: 1...100_000)
        let depth = try integer("depth", default: depth, in: 0...1000)
        return try integers("hidden", in: 1...100_000) ?? Array(repeating: width, count: depth)
    }
}
