import Datasets

/// The LSTMs that continue sine waves.
let lstmEntries: [OptimizeeCatalogue.Entry] = [
    lstmEntry("sine-lstm", "LSTM that continues noisy sine waves, one layer of 20 units"),
    lstmEntry("sine-lstm-2", "LSTM that continues noisy sine waves, two layers of 20 units", layers: 2),
    lstmEntry("sine-lstm-lownoise", "LSTM that continues sine waves with a tenth of the noise", noise: 0.01),
]

private func lstmEntry(
    _ name: String, _ summary: String, layers: Int = 1, noise: Float = 0.1
) -> OptimizeeCatalogue.Entry {
    OptimizeeCatalogue.Entry(
        name: name, summary: summary, options: ["hidden", "layers", "length", "noise", "batch", "initial"]
    ) { options, _ in
        SineLSTM(
            sequences: SineSequences(
                length: try options.integer("length", default: 10, in: 1...1000),
                noise: try options.number("noise", default: noise, atLeast: 0)),
            hiddenSize: try options.integer("hidden", default: 20, in: 1...1000),
            layers: try options.integer("layers", default: layers, in: 1...100),
            batchSize: try options.integer("batch", default: 128, in: 1...1_000_000),
            initialScale: try options.number("initial", default: 0.1, atLeast: 0))
    }
}
