public import NumericCore

/// ε of one run of an evolution strategy, period by period: a function of the run's key, so that any process can draw it.
public struct Perturbation: Sendable {
    private let key: RandomKey
    /// Where in φ the perturbed weights are.
    let places: [Int]
    /// Whether each period has an ε of its own; else one is drawn for all.
    let isRenewed: Bool
    /// How many periods it was drawn for.
    private(set) var periods = 0
    /// ε of the last period at `places`.
    private(set) var noise: [Float] = []
    /// The sum of all so far, where each period has its own.
    private(set) var sum: [Float]

    /// - Parameters:
    ///   - key: what it is drawn from.
    ///   - places: where in φ the perturbed weights are.
    ///   - isRenewed: whether each period has an ε of its own; else one is drawn for all.
    public init(key: RandomKey, places: [Int], isRenewed: Bool) {
        self.init(
            key: key, places: places, isRenewed: isRenewed,
            sum: [Float](repeating: 0, count: isRenewed ? places.count : 0))
    }

    /// One where a record left it.
    init(key: RandomKey, places: [Int], isRenewed: Bool, sum: [Float]) {
        self.key = key
        self.places = places
        self.isRenewed = isRenewed
        self.sum = sum
    }

    /// Draws ε of a period, which follows the one before.
    ///
    /// - Parameter period: its number; the first has that of the steps before it, in periods.
    mutating func begin(period: Int) {
        if isRenewed || noise.isEmpty {
            var stream = RandomStream(isRenewed ? key.child(period) : key)
            noise = places.map { _ in stream.normal() }
        }
        if isRenewed { for index in sum.indices { sum[index] += noise[index] } }
        periods += 1
    }

    /// The meta-gradient of the last period.
    ///
    /// - Parameters:
    ///   - slope: how the meta-loss changes along it, (L₊ − L₋) / 2σ.
    ///   - count: how many weights φ has.
    func gradient(slope: Double, count: Int) -> [Float] {
        var estimate = [Float](repeating: 0, count: count)
        let direction = isRenewed ? sum : noise
        for (index, place) in places.enumerated() { estimate[place] = Float(slope * Double(direction[index])) }
        return estimate
    }
}
