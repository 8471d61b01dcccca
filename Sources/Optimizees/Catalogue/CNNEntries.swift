import Datasets

/// The CNNs on each data set.
let cnnEntries: [OptimizeeCatalogue.Entry] = [
    (LoadedData.Dataset.mnist, "MNIST"), (.cifar, "CIFAR-10"), (.digits, "the built-in digits"),
].flatMap { dataset, title in
    [
        cnnEntry(
            "\(dataset.rawValue)-cnn", "CNN on \(title): 2 convolutions, pooling, 1 fully connected layer", dataset,
            .shallow),
        cnnEntry(
            "\(dataset.rawValue)-cnn-deep",
            "CNN on \(title): 2 convolutions, pooling, 2 more, pooling, 2 fully connected layers", dataset, .deep),
    ]
}

private func cnnEntry(
    _ name: String, _ summary: String, _ dataset: LoadedData.Dataset, _ architecture: CNN.Architecture
) -> OptimizeeCatalogue.Entry {
    OptimizeeCatalogue.Entry(name: name, summary: summary, options: ["layers", "width", "batch", "initial"]) {
        options, data in
        let architecture = try options.value(
            "layers", default: architecture,
            advice: "give c (convolution), p (pooling behind one) and f (fully connected) such as c-c-p-f")
        let width = try options.integer("width", default: 16, in: 1...4096)
        let batch = try options.integer("batch", default: 128, in: 1...10_000)
        let initial = try options.number("initial", default: 0.1, atLeast: 0)
        let images = try data.images(dataset)
        let channels = dataset == .cifar ? 3 : 1
        guard CNN.canPool(images.training, channels: channels, architecture) else {
            throw options.unusable("layers", advice: "pool less often: the images are too small")
        }
        return CNN(
            dataset: dataset.rawValue, images: images.training, heldOut: images.heldOut,
            architecture: architecture, channels: channels, width: width, batchSize: batch,
            initialScale: initial)
    }
}
