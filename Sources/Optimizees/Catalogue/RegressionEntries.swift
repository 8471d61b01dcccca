/// The MLP that learns a random function.
let regressionEntries: [OptimizeeCatalogue.Entry] = [
    OptimizeeCatalogue.Entry(
        name: "mlp-regression", summary: "MLP that learns a random function, mean squared error, 20 tanh units",
        options: [
            "inputs", "width", "depth", "hidden", "activation", "scale", "noise", "batch", "initial",
        ]
    ) { options, _ in
        MLPRegression(
            teacher: TeacherNetwork(
                inputs: try options.integer("inputs", default: 8, in: 1...100_000),
                scale: try options.number("scale", default: 1, atLeast: 0),
                noise: try options.number("noise", default: 0, atLeast: 0)),
            hiddenWidths: try options.hiddenWidths(depth: 1),
            activation: try options.choice("activation", default: .tanh),
            batchSize: try options.integer("batch", default: 128, in: 1...1_000_000),
            initialScale: try options.number("initial", default: 0.1, atLeast: 0))
    }
]
