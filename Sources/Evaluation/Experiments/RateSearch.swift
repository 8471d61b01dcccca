/// How much effort goes into a sweep of learning rates.
public struct RateSearch: Sendable, Hashable {
    /// How far apart the first rates are, in half powers of two; see `LearningRateSweep.spacing`.
    public var spacing: Int
    /// How many of the race's problems the last rates meet, those that are √2 apart.
    public var problems: Int
    /// How many those before them meet.
    public var coarseProblems: Int
    /// Whether it begins at one rate that is near the best, instead of with a range of them.
    public private(set) var isNearby = false

    /// - Precondition: `spacing` is a power of two, `problems` and `coarseProblems` are positive.
    public init(spacing: Int, problems: Int, coarseProblems: Int? = nil) {
        precondition(spacing > 0 && spacing.nonzeroBitCount == 1 && problems > 0, "a search has rates and problems")
        self.spacing = spacing
        self.problems = problems
        self.coarseProblems = min(coarseProblems ?? problems, problems)
    }

    /// In words.
    public var text: String {
        func number(_ count: Int) -> String { count == 1 ? "one problem" : "\(count) problems" }
        guard !isNearby else { return "rate by rate, √2 apart, on \(number(problems))" }
        guard spacing > 1 else { return "every power of √2, on \(number(problems))" }
        let coarse = coarseProblems < problems ? "on \(number(coarseProblems)), " : ""
        let start = "powers of \(1 << (spacing / 2)), then closer and closer around the best"
        return "\(start), \(coarse)to √2 on \(number(problems))"
    }

    /// The search for a rate that is near one that is known: side by side from there, each on as many problems.
    public var nearby: RateSearch {
        var search = RateSearch(spacing: 1, problems: problems)
        search.isNearby = true
        return search
    }

    /// About how many runs it takes: a sweep tries about 17 rates of a whole grid; where it begins far apart five, and
    /// then seven around the best; those seven and another one where it begins nearby.
    public var expectedRuns: Int {
        if isNearby { return 8 * problems }
        return spacing == 1 ? 17 * problems : 5 * coarseProblems + 7 * problems
    }
}
