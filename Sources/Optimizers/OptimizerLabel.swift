import Platform

extension HandDesignedOptimizer {
    /// What tables and charts call it: its keyword and what differs from the defaults, as `adam lr=2^-5 beta1=0.5`.
    public var label: String {
        ([Self.keyword, "lr=\(learningRateText(learningRate))"] + changes).joined(separator: " ")
    }

    /// The same without the learning rate, where that is searched for: `adam beta1=0.5`.
    public var labelWithoutRate: String { ([Self.keyword] + changes).joined(separator: " ") }

    /// What differs from the defaults apart from the learning rate, as `beta1=0.5` and `cosine=100`.
    private var changes: [String] {
        changedConstants + schedule.options
    }

    /// The constants that differ from the defaults, as `beta1=0.5`.
    public var changedConstants: [String] {
        let standard = OptimizerCatalogue.all.lazy.compactMap { $0 as? Self }.first
        let changed = Self.hyperparameters.filter { self[keyPath: $0.path] != standard?[keyPath: $0.path] }
        return changed.map { "\($0.name)=\(self[keyPath: $0.path])" }
    }
}

/// A learning rate as a power of √2 where it is one, as `2^-5.5`; else as a decimal number.
public func learningRateText(_ rate: Double) -> String {
    let halves = (2 * log2(rate)).rounded()
    guard rate > 0, abs(halves) < 200, abs(exp2(halves / 2) - rate) <= 1e-9 * rate else { return "\(rate)" }
    return "2^\(exponentText(halfPowers: Int(halves)))"
}

/// `-11` as `-5.5`, `-10` as `-5`.
package func exponentText(halfPowers: Int) -> String {
    halfPowers.isMultiple(of: 2) ? "\(halfPowers / 2)" : "\(Double(halfPowers) / 2)"
}
