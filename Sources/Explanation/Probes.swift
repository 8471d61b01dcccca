import NumericCore
import Optimizers

/// Curves of what a rule does with gradients that are made up.
struct Probes: Sendable {
    /// The last step that is looked at, at least 10.
    let steps: Int
    let key: RandomKey

    /// Gradients that always agree, that are noise, and that change their sign at every step.
    static let patterns: [(name: String, agreement: Double)] = [("constant", 1), ("noise", 0), ("alternating", -1)]
    /// Gradients in units of their usual size.
    static let grid = (-40...40).map { Double($0) / 10 }
    /// How much the history of a response agreed.
    static let histories = [0, 0.5, 1]
    /// Root mean squares of gradients.
    static let scales = (-12...6).map { pow10($0) }
    static let agreements = (-8...8).map { Double($0) / 8 }

    private static func pow10(_ exponent: Int) -> Double {
        exponent < 0
            ? 1 / (0 ..< -exponent).reduce(1.0) { power, _ in 10 * power }
            : (0..<exponent).reduce(1.0) { power, _ in 10 * power }
    }

    /// The steps at which sizes are compared, the last one among them.
    var ages: [Int] {
        var ages = [10]
        while 10 * ages[ages.count - 1] < steps { ages.append(10 * ages[ages.count - 1]) }
        return ages[ages.count - 1] < steps ? ages + [steps] : ages
    }

    /// Steps from 1 to the last, the further apart the later, for a logarithmic axis.
    var spreadSteps: [Int] {
        var all = [1]
        while all[all.count - 1] < steps {
            all.append(min(steps, max(all[all.count - 1] + 1, all[all.count - 1] * 33 / 32)))
        }
        return all
    }

    // MARK: Step against the gradient

    /// The mean of −Δθ for each value of `grid` as the last gradient, after `history` steps of usual gradients.
    ///
    /// All coordinates that are looked at have the same history; it is drawn several times, each time also with the other
    /// sign of its noise, which for an odd rule makes the curve of noise odd too.
    func response(of optimizer: some Optimizer, agreement: Double, history: Int = 100, draws: Int = 8) -> [Double] {
        let totals = parallelMap(agreement.magnitude == 1 ? 1 : 2 * draws) { draw in
            response(optimizer, agreement, history, key.child(1 + draw / 2), draw.isMultiple(of: 2) ? 1 : -1)
        }
        return Self.grid.indices.map { place in
            totals.reduce(0) { $0 + $1[place] } / Double(totals.count)
        }
    }

    private func response(
        _ optimizer: some Optimizer, _ agreement: Double, _ history: Int, _ key: RandomKey, _ sign: Double
    ) -> [Double] {
        let source = GradientSource(agreement: agreement, key: key)
        var feeding = Feeding(optimizer, source.parameters)
        let random = sign * (1 - agreement * agreement).squareRoot()
        for step in 1...history {
            var noise = RandomStream(key.child(-3).child(step))
            let common = Float(agreement + random * Double(noise.normal()))
            var gradient = source.gradient(step)
            for place in 0..<GradientSource.measured { gradient[place] = common }
            _ = feeding.step(gradient)
        }
        var gradient = source.gradient(history + 1)
        for (place, value) in Self.grid.enumerated() { gradient[place] = Float(value) }
        return feeding.step(gradient).prefix(Self.grid.count).map { -Double($0) }
    }

    // MARK: The size of steps

    /// The root mean square of each step, for gradients of one kind.
    func sizes(of optimizer: some Optimizer, agreement: Double, scale: Double = 1, steps: Int) -> [Double] {
        let source = GradientSource(agreement: agreement, scale: scale, key: key.child(0))
        var feeding = Feeding(optimizer, source.parameters)
        return (1...steps).map { measuredSize(feeding.step(source.gradient($0))) }
    }

    /// The mean over the last fifth of so many steps.
    static func late(_ sizes: some Collection<Double>) -> Double {
        let last = Array(sizes.suffix(max(1, sizes.count / 5)))
        return last.reduce(0, +) / Double(last.count)
    }

    // MARK: Symmetry

    /// How far Δθ(−g, −θ) is from −Δθ(g, θ): the largest difference over 50 steps of all coordinates, in units of the
    /// root mean square of all; NaN where one is not finite.
    func asymmetry(of optimizer: some Optimizer) -> Double {
        let source = GradientSource(agreement: 0.3, key: key.child(0))
        var mirrored = source
        mirrored.isMirrored = true
        var feedings = (Feeding(optimizer, source.parameters), Feeding(optimizer, mirrored.parameters))
        var (largest, squares, count) = (0.0, 0.0, 0.0)
        for step in 1...50 {
            let one = feedings.0.step(source.gradient(step))
            for (left, right) in zip(one, feedings.1.step(mirrored.gradient(step))) {
                let difference = abs(Double(left) + Double(right))
                guard difference.isFinite else { return .nan }
                largest = max(largest, difference)
                squares += Double(left) * Double(left)
                count += 1
            }
        }
        let size = (squares / count).squareRoot()
        return size > 0 ? largest / size : largest
    }
}
