import Platform

/// How an axis maps values to places.
public enum ChartScale: Sendable {
    /// Equal distances for equal differences.
    case linear
    /// Equal distances for equal ratios, labelled in powers of ten.
    case logarithmic
    /// Equal distances for equal ratios, labelled in powers of two.
    case powersOfTwo

    func forward(_ value: Double) -> Double {
        switch self {
        case .linear: value
        case .logarithmic: log10(value)
        case .powersOfTwo: log2(value)
        }
    }

    func inverse(_ place: Double) -> Double {
        switch self {
        case .linear: place
        case .logarithmic: pow(10, place)
        case .powersOfTwo: exp2(place)
        }
    }

    /// Whether a value has a place on such an axis.
    func contains(_ value: Double) -> Bool { value.isFinite && (self == .linear || value > 0) }
}

/// A range of values with its tick marks.
package struct Axis {
    package struct Tick {
        package let value: Double
        /// Empty for a mark without a number.
        package let label: String
        /// The same in ASCII.
        package let plainLabel: String
    }

    let scale: ChartScale
    /// The ends after `scale.forward`.
    package let lower: Double
    package let upper: Double
    package private(set) var ticks: [Tick] = []

    /// - Parameters:
    ///   - values: what has to fit; values without a place on the scale are passed over.
    ///   - padding: free space at each end, as a fraction of the range.
    ///   - labels: about how many numbers fit.
    package init(_ scale: ChartScale, fitting values: some Sequence<Double>, padding: Double, labels: Int) {
        self.scale = scale
        let places = values.lazy.filter(scale.contains).map(scale.forward)
        var low = places.min() ?? (scale == .linear ? 0 : -1)
        var high = places.max() ?? (scale == .linear ? 1 : 0)
        if high - low < 1e-9 * max(1, abs(low)) {
            low -= 0.5
            high += 0.5
        }
        lower = low - padding * (high - low)
        upper = high + padding * (high - low)
        switch scale {
        case .linear: ticks = linearTicks(labels)
        case .logarithmic: ticks = decadeTicks(labels)
        case .powersOfTwo: ticks = powerOfTwoTicks(labels)
        }
    }

    /// Where a value lies: 0 at the lower end, 1 at the upper; nil for one without a place.
    package func position(_ value: Double) -> Double? {
        scale.contains(value) ? (scale.forward(value) - lower) / (upper - lower) : nil
    }

    private func steps(_ step: Double) -> [Double] {
        let first = Int((lower / step - 1e-9).rounded(.up))
        let last = Int((upper / step + 1e-9).rounded(.down))
        return first <= last ? (first...last).map { Double($0) * step } : []
    }

    private func linearTicks(_ labels: Int) -> [Tick] {
        steps(niceStep(upper - lower, labels)).map { Tick($0) }
    }

    /// Whole decades, every n-th of many; with 2, 5 and more between few; within a part of one, round numbers.
    private func decadeTicks(_ labels: Int) -> [Tick] {
        let decades = upper - lower
        if decades < 0.7 { return roundTicks(labels) }
        let room = Double(labels) / decades
        let labelled: [Int] = room > 5 ? [1, 2, 3, 5, 7] : room > 3 ? [1, 2, 5] : [1]
        let every = max(1, Int((decades / Double(labels)).rounded(.up)))
        var ticks: [Tick] = []
        for exponent in Int(lower.rounded(.down))...Int(upper.rounded(.up)) {
            for factor in every == 1 ? 1...9 : 1...1 {
                let value =
                    exponent < 0
                    ? Double(factor) / pow(10, -Double(exponent)) : Double(factor) * pow(10, Double(exponent))
                guard let place = position(value), (-1e-9...1 + 1e-9).contains(place) else { continue }
                let isLabelled = labelled.contains(factor) && exponent.isMultiple(of: every)
                if isLabelled && factor == 1 && !(-4...5).contains(exponent) {
                    ticks.append(Tick(value, base: 10, exponent: "\(exponent)"))
                } else {
                    ticks.append(isLabelled ? Tick(value) : Tick(value: value, label: "", plainLabel: ""))
                }
            }
        }
        return ticks
    }

    /// Round numbers at equal differences, for a range so small that these have nearly equal distances.
    private func roundTicks(_ labels: Int) -> [Tick] {
        let (bottom, top) = (scale.inverse(lower), scale.inverse(upper))
        let step = niceStep(top - bottom, labels)
        let first = Int((bottom / step).rounded(.up))
        let last = Int((top / step).rounded(.down))
        return first <= last ? (first...last).map { Tick(Double($0) * step) } : []
    }

    private func powerOfTwoTicks(_ labels: Int) -> [Tick] {
        if upper - lower < 1 { return roundTicks(labels) }
        return steps(max(0.5, niceStep(upper - lower, labels))).map { exponent in
            Tick(exp2(exponent), base: 2, exponent: numberText(exponent, digits: 3, trimsZeros: true))
        }
    }
}

extension Axis.Tick {
    fileprivate init(_ value: Double) {
        let text = numberText(value, digits: 6, trimsZeros: true)
        self.init(value: value, label: text, plainLabel: text)
    }

    fileprivate init(_ value: Double, base: Int, exponent: String) {
        self.init(
            value: value, label: powerText(base: base, exponent: exponent, unicode: true),
            plainLabel: powerText(base: base, exponent: exponent, unicode: false))
    }
}

/// 1, 2 or 5 times a power of ten, so that a range has at most about so many steps.
private func niceStep(_ range: Double, _ count: Int) -> Double {
    let rough = range / Double(max(count, 1))
    let magnitude = pow(10, floor(log10(rough)))
    return [1, 2, 5, 10].map { $0 * magnitude }.first { $0 >= rough * 0.999 } ?? 10 * magnitude
}
