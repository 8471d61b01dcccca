/// The functions in closed form.
let analyticEntries: [OptimizeeCatalogue.Entry] = [
    OptimizeeCatalogue.Entry(
        name: "convex", summary: "mean of clipped squared distances from a random point, 20 coordinates",
        options: ["n", "clip"]
    ) { options, _ in
        Convex(dimension: try options.dimension(20), clip: try options.positiveNumber("clip", default: 10))
    },
    OptimizeeCatalogue.Entry(
        name: "quadratic", summary: "diagonal quadratic with random curvatures of condition 1000, 20 coordinates",
        options: ["n", "condition", "noise"]
    ) { options, _ in
        Quadratic(
            dimension: try options.dimension(20),
            condition: try options.number("condition", default: 1000, atLeast: 1),
            noise: try options.number("noise", default: 0.1, atLeast: 0))
    },
    OptimizeeCatalogue.Entry(
        name: "rosenbrock", summary: "Rosenbrock's curved valley, 2 coordinates", options: ["n", "noise"]
    ) { options, _ in
        Rosenbrock(
            dimension: try options.dimension(2, least: 2),
            noise: try options.number("noise", default: 0.1, atLeast: 0))
    },
    OptimizeeCatalogue.Entry(
        name: "rastrigin", summary: "Rastrigin's lattice of local minima, 2 coordinates", options: ["n"]
    ) { options, _ in
        Rastrigin(dimension: try options.dimension(2))
    },
]

extension NameOptions {
    fileprivate func dimension(_ standard: Int, least: Int = 1) throws -> Int {
        try integer("n", default: standard, in: least...100_000_000)
    }
}
