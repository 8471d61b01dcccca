import NumericCore
public import Optimizees
public import Optimizers
public import Reporting

/// How an optimizer's step depends on what it is given: curves, and what they say in words.
///
///     let explanation = try Explanation(of: optimizer, label: "gateprop", on: optimizee)
///     print(explanation.text())
///
/// A learned rule is a network; one reads its weights in vain. What can be read is what it does: here every rule, learned or
/// hand-designed, is fed with gradients that are made up (constant ones, noise, ones that change their sign at each step, of
/// sizes from 10⁻¹² to 10⁶), and then watched on a real problem, tensor by tensor. The same seed gives the same curves.
public struct Explanation: Sendable {
    /// One chart, how it is to be read, and what it shows.
    public struct Part: Sendable {
        /// A word for files and links, as `age`.
        public let id: String
        /// In a few words.
        public let title: String
        /// How the chart is to be read.
        public let reading: String
        /// What it shows, in a sentence or two.
        public let finding: String
        /// The curves.
        public let chart: LineChart
        /// What `finding` says as numbers, by name.
        public let numbers: [String: Double]

        init(id: String, reading: String, finding: String, chart: LineChart, numbers: [String: Double]) {
            self.id = id
            title = chart.title
            self.reading = reading
            self.finding = finding
            self.chart = chart
            self.numbers = numbers
        }

        /// The chart as a document of its own, which also says how it is to be read.
        public func svg(appearance: Appearance = .automatic) -> String {
            var chart = chart
            chart.caption = reading
            return chart.svg(appearance: appearance)
        }
    }

    /// How tables call the optimizer.
    public let label: String
    /// Its name with every constant.
    public let name: String
    /// What its state takes.
    public let stateBytesPerParameter: Int
    /// The root of all random numbers.
    public let seed: UInt64
    /// How many steps the longest probes and the real run take.
    public let steps: Int
    /// Step against gradient, age, agreement and scale, then the real run.
    public let parts: [Part]
    /// The real run.
    public let run: TensorRates
    /// Whether Δθ(−g, −θ) is −Δθ(g, θ), in words.
    public let symmetry: String
    /// The largest difference between the two, in units of a usual step.
    public let asymmetry: Double

    /// Feeds an optimizer, and watches it.
    ///
    /// - Parameters:
    ///   - optimizer: any.
    ///   - label: how tables call it.
    ///   - optimizee: what it is watched on.
    ///   - steps: how many steps the longest probes and the run take, at least 10.
    ///   - seed: the root of all random numbers.
    ///   - progress: hears after each part how many of `partCount` are done.
    ///   - isCancelled: asked between parts, and at every step of the run.
    /// - Throws: `CancellationError` once `isCancelled` is true.
    public init(
        of optimizer: any Optimizer, label: String, on optimizee: any Optimizee, steps: Int = 1000, seed: UInt64 = 0,
        progress: (Int) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws {
        precondition(steps >= 10, "an explanation takes at least ten steps")
        let optimizer = withBudget(steps, optimizer)
        let probes = Probes(steps: steps, key: RandomKey(seed: seed).child(-5))
        var parts: [Part] = []
        for make in [Self.response, Self.age, Self.agreement, Self.scale] {
            if isCancelled() { throw CancellationError() }
            parts.append(make(optimizer, probes))
            progress(parts.count)
        }
        asymmetry = probes.asymmetry(of: optimizer)
        symmetry = Self.symmetryText(asymmetry)
        run = try TensorRates(optimizer, on: optimizee, steps: steps, seed: seed, isCancelled: isCancelled)
        parts += [Self.rates(run), Self.shares(run)]
        progress(Self.partCount)
        self.label = label
        name = optimizer.name
        stateBytesPerParameter = optimizer.stateBytesPerParameter
        self.seed = seed
        self.steps = steps
        self.parts = parts
    }

    /// How many parts there are.
    public static let partCount = 6

    private static func symmetryText(_ asymmetry: Double) -> String {
        switch asymmetry {
        case 0: "Exactly odd: gradients of the other sign give the opposite step."
        case ..<1e-3: "Odd up to rounding: gradients of the other sign give the opposite step."
        case ..<Double.infinity:
            "Not odd: for gradients of the other sign the step differs from the opposite one by up to "
                + "\(ratioText(asymmetry)) usual steps, so that it may drift."
        default: "Not finite on usual gradients."
        }
    }
}
