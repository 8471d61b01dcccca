import NumericCore
import Optimizers
import Reporting

extension Explanation {
    /// Step against the gradient, over its usual size, after histories that agreed more or less.
    static func response(_ optimizer: any Optimizer, _ probes: Probes) -> Part {
        let grid = Probes.grid
        let curves = Probes.histories.map { probes.response(of: optimizer, agreement: $0) }
        let largest = curves.map { $0.map(abs).max() ?? .nan }
        let series = zip(Probes.histories, zip(curves, largest)).map { agreement, curve in
            var series = LineChart.Series(
                agreement == 0 ? "noise" : agreement == 1 ? "constant" : "half agreed", x: grid,
                median: curve.0.map { $0 / curve.1 })
            series.hasDots = false
            return series
        }
        func step(_ history: Int, at gradient: Double) -> Double { curves[history][grid.firstIndex(of: gradient)!] }
        let (usual, fourfold) = (step(0, at: 1), step(0, at: 4))
        let (steady, without, against) = (step(2, at: 1), step(2, at: 0), step(2, at: -1))
        let finding =
            "After noise, a gradient four times the usual size moves a parameter \(ratioText(fourfold / usual)) times as far "
            + "as a usual one. After gradients that agreed, a gradient of 0 still gives "
            + "\(ratioText(without / steady)) of the usual step, one of the other sign \(ratioText(against / steady)): "
            + "what is remembered of the earlier ones. The largest step is \(numberText(largest[2], digits: 3)) after such "
            + "gradients, \(numberText(largest[0], digits: 3)) after noise."
        return Part(
            id: "response",
            reading:
                "What a parameter moves downhill at the 101st step, for each gradient that it may get then, in units of the "
                + "gradients' usual size; each curve in units of its own largest step. The hundred gradients before were "
                + "noise, half agreed, or always the same.",
            finding: finding,
            chart: LineChart(
                title: "Step against the gradient", xLabel: "gradient over its usual size",
                yLabel: "−Δθ over its largest",
                yScale: .linear, series: series),
            numbers: [
                "fourfold_gradient": fourfold / usual, "zero_after_agreement": without / steady,
                "opposite_after_agreement": against / steady, "largest_after_noise": largest[0],
                "largest_after_agreement": largest[2],
            ])
    }

    /// The size of steps against their number.
    static func age(_ optimizer: any Optimizer, _ probes: Probes) -> Part {
        let curves = Probes.patterns.map {
            probes.sizes(of: optimizer, agreement: $0.agreement, steps: probes.steps)
        }
        let places = probes.spreadSteps
        let series = zip(Probes.patterns, curves).map { pattern, curve in
            var series = LineChart.Series(
                pattern.name, x: places.map(Double.init), median: places.map { curve[$0 - 1] })
            series.hasDots = false
            return series
        }
        let noise = curves[1]
        func stepText(_ age: Int) -> String { "\(numberText(noise[age - 1], digits: 3)) at step \(countText(age))" }
        let texts = ([1] + probes.ages).map(stepText)
        let list = texts.dropLast().joined(separator: ", ") + " and " + texts[texts.count - 1]
        let (first, last) = (noise[0], Probes.late(noise))
        return Part(
            id: "age",
            reading:
                "The root mean square of each step, for gradients of size 1 that are always the same, noise, or of another "
                + "sign at every step.",
            finding: "Under noise a parameter moves \(list).",
            chart: LineChart(
                title: "Step against age", xLabel: "step", yLabel: "RMS of the step", xScale: .logarithmic,
                series: series),
            numbers: ["first": first, "last": last])
    }

    /// The size of steps against how much gradients agree.
    static func agreement(_ optimizer: any Optimizer, _ probes: Probes) -> Part {
        let agreements = Probes.agreements
        let sizes = parallelMap(agreements.count) {
            probes.sizes(of: optimizer, agreement: agreements[$0], steps: probes.steps)
        }
        let ages = probes.ages
        let series = ages.map { age in
            var series = LineChart.Series(
                "\(countText(age)) steps", x: agreements, median: sizes.map { Probes.late($0.prefix(age)) })
            series.hasDots = false
            return series
        }
        let last = sizes.map { Probes.late($0) }
        let (alternating, noise, constant) = (last[0], last[agreements.count / 2], last[agreements.count - 1])
        return Part(
            id: "agreement",
            reading:
                "The root mean square of steps, over how much gradients agree: at 1 they are always the same, at 0 noise, at "
                + "−1 they change their sign at every step.",
            finding:
                "After \(countText(probes.steps)) steps, gradients that agree move a parameter \(ratioText(constant / noise)) times as "
                + "far as noise does, and gradients that alternate \(ratioText(alternating / noise)) times.",
            chart: LineChart(
                title: "Step against agreement", xLabel: "agreement of gradients", yLabel: "RMS of the step",
                series: series),
            numbers: ["constant_over_noise": constant / noise, "alternating_over_noise": alternating / noise])
    }

    /// The size of steps against that of gradients.
    static func scale(_ optimizer: any Optimizer, _ probes: Probes) -> Part {
        let scales = Probes.scales
        let sizes = parallelMap(Probes.patterns.count * scales.count) { place in
            Probes.late(
                probes.sizes(
                    of: optimizer, agreement: Probes.patterns[place / scales.count].agreement,
                    scale: scales[place % scales.count], steps: 100))
        }
        let curves = stride(from: 0, to: sizes.count, by: scales.count).map { Array(sizes[$0..<$0 + scales.count]) }
        let series = zip(Probes.patterns, curves).map { LineChart.Series($0.name, x: scales, median: $1) }
        let noise = curves[1].filter(\.isFinite)
        let ratio = (noise.max() ?? .nan) / (noise.min() ?? .nan)
        let lost = scales.count - noise.count
        let text =
            ratio <= 1.02
            ? "The size of gradients does not matter: steps differ by \(ratioText(100 * (ratio - 1))) % at most."
            : "Between the smallest gradients and the largest, steps differ by a factor of \(ratioText(ratio))."
        return Part(
            id: "scale",
            reading: "The root mean square of steps after a hundred gradients, whose own is from 10⁻¹² to 10⁶.",
            finding: text + (lost > 0 ? " At \(lost) of the sizes they are not finite." : ""),
            chart: LineChart(
                title: "Step against the size of gradients", xLabel: "RMS of the gradients",
                yLabel: "RMS of the step",
                xScale: .logarithmic, series: series),
            numbers: ["largest_over_smallest": ratio, "not_finite": Double(lost)])
    }
}
