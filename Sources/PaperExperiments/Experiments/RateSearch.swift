/// How much effort goes into a sweep of learning rates.
public struct RateSearch: Sendable, Hashable {
    /// How far apart the first rates are, in half powers of two; see `LearningRateSweep.spacing`.
    public var spacing: Int
    /// How many of the race's problems the last rates meet, those that are √2 apart.
    public var problems: Int
    /// How many those before them meet.
    public var coarseProblems: Int
    /// How many next rates on either side of the best must be no better; see `LearningRateSweep.reach`.
    public private(set) var reach = 3
    /// How many before that on fewer problems; see `LearningRateSweep.coarseReach`.
    public private(set) var coarseReach = 0
    /// Whether it is for runs that take seconds: it begins without the first and the last of the rates that others begin
    /// with, and leaves held-out data for later (`LearningRateSweep.scoresHeldOut`). A whole grid stays one.
    public private(set) var isFrugal = false
    /// Where a frugal search begins instead; others ignore it.
    public var starts: Starts?
    /// Whether it begins at one rate that is near the best, instead of with a range of them.
    public private(set) var isNearby = false

    /// The best rates on a problem of the same kind, which are not far from the best ones here.
    public struct Starts: Sendable, Hashable {
        /// What the problem is called.
        public let problem: String
        /// The rates in half powers of two, by the optimizer's keyword.
        public let halfPowers: [String: Int]

        /// Makes one from its parts.
        public init(problem: String, halfPowers: [String: Int]) {
            self.problem = problem
            self.halfPowers = halfPowers
        }

        /// What a panel's sweeps found.
        public init(_ panel: PanelResult) {
            let found = (panel.sweeps + (panel.strongest?.sweeps ?? [])).filter {
                $0.schedule == nil && $0.constants == nil
            }
            self.init(
                problem: panel.panel.title,
                halfPowers: Dictionary(found.map { ($0.optimizer, $0.best) }) { first, _ in first })
        }
    }

    /// - Precondition: `spacing` is a power of two, `problems` and `coarseProblems` are positive.
    public init(spacing: Int, problems: Int, coarseProblems: Int? = nil) {
        precondition(spacing > 0 && spacing.nonzeroBitCount == 1 && problems > 0, "a search has rates and problems")
        self.spacing = spacing
        self.problems = problems
        self.coarseProblems = min(coarseProblems ?? problems, problems)
    }

    /// A description in words.
    public var text: String {
        func number(_ count: Int) -> String { count == 1 ? "one problem" : "\(count) problems" }
        guard !isNearby else { return "rate by rate, √2 apart, on \(number(problems))" }
        guard spacing > 1 else { return "every power of √2, on \(number(problems))" }
        let first =
            if isFrugal, let starts {
                "the best rate of “\(starts.problem)”, its half and its double"
            } else {
                "\(isFrugal ? "three powers" : "powers") of \(1 << (spacing / 2))"
            }
        let start = "\(first), then closer and closer around the best"
        let coarse = coarseProblems < problems ? " on \(number(coarseProblems))" : ""
        guard coarseReach > 0 else {
            return "\(start)\(coarse), to √2, \(reach) on either side, on \(number(problems))"
        }
        return
            "\(start), to √2, \(coarseReach) on either side,\(coarse); then \(reach) on either side, on \(number(problems))"
    }

    /// The search where runs take seconds: two problems, and fewer rates.
    ///
    /// Replayed on sweeps that had been searched more widely (`Scripts/replay_search.py`) it found the same rate in 64
    /// of 64, with 12 runs in place of 19; with `starts`, in 38 of 38 with 9 runs.
    public static func frugal(spacing: Int, problems: Int) -> RateSearch {
        var search = RateSearch(spacing: spacing, problems: min(2, problems), coarseProblems: 1)
        search.isFrugal = true
        if spacing > 1 && problems > 1 { (search.coarseReach, search.reach) = (2, 1) }
        return search
    }

    /// The search for a rate that is near one that is known: side by side from there, each on as many problems.
    public var nearby: RateSearch {
        var search = RateSearch(spacing: 1, problems: problems)
        (search.isNearby, search.isFrugal, search.reach) = (true, isFrugal, max(reach, coarseReach))
        return search
    }

    /// About how many runs it takes: a sweep tries about 17 rates of a whole grid; where it begins far apart five or
    /// three, and then those around the best; these and another one where it begins nearby.
    public var expectedRuns: Int {
        let last = (2 * reach + 1) * problems
        if isNearby { return last + problems }
        guard spacing > 1 else { return 17 * problems }
        return ((isFrugal ? 3 : 5) + (coarseReach > 0 ? 2 * coarseReach + 1 : 0)) * coarseProblems + last
    }
}
