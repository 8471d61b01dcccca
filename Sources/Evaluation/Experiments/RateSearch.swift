/// How much effort goes into a sweep of learning rates.
public struct RateSearch: Sendable, Hashable {
    /// How far apart the first rates are, in half powers of two; see `LearningRateSweep.spacing`.
    public var spacing: Int
    /// How many of the race's problems each rate meets at most.
    public var problems: Int

    /// - Precondition: `spacing` is a power of two, `problems` positive.
    public init(spacing: Int, problems: Int) {
        precondition(spacing > 0 && spacing.nonzeroBitCount == 1 && problems > 0, "a search has rates and problems")
        self.spacing = spacing
        self.problems = problems
    }

    /// In words.
    public var text: String {
        let rates =
            spacing == 1
            ? "every power of √2" : "powers of \(1 << (spacing / 2)), then closer and closer around the best, to √2"
        return "\(rates); \(problems == 1 ? "one problem" : "\(problems) problems") each"
    }

    /// About how many runs it takes: a sweep tries about 17 rates of a whole grid, ten where it begins far apart.
    public var expectedRuns: Int { (spacing == 1 ? 17 : 10) * problems }
}
