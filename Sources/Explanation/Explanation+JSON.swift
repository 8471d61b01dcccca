import Optimizers
import Reporting

/// As JSON: what decides it, and each part with its numbers and curves, a number that is not finite as null.
extension Explanation: Encodable {
    private enum Key: String, CodingKey {
        case label, name, seed, steps, optimizee, losses, asymmetry, parts, tensors
        case stateBytesPerParameter = "state_bytes_per_parameter"
    }

    private struct Curve: Encodable {
        let name: String
        let x: [Double]
        let y: [Double?]
    }

    private struct PartText: Encodable {
        let id, title, reading, finding: String
        let numbers: [String: Double?]
        let curves: [Curve]
    }

    private struct TensorText: Encodable {
        let name: String
        let shape: [Int]
        let rates, sizes, shares, cosines: [Double?]
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(label, forKey: .label)
        try values.encode(name, forKey: .name)
        try values.encode(seed, forKey: .seed)
        try values.encode(steps, forKey: .steps)
        try values.encode(run.optimizee, forKey: .optimizee)
        try values.encode(stateBytesPerParameter, forKey: .stateBytesPerParameter)
        try values.encode(finite(run.losses), forKey: .losses)
        try values.encode(finite([asymmetry])[0], forKey: .asymmetry)
        try values.encode(
            parts.map { part in
                PartText(
                    id: part.id, title: part.title, reading: part.reading, finding: part.finding,
                    numbers: part.numbers.mapValues { $0.isFinite ? $0 : nil },
                    curves: part.chart.series.map { Curve(name: $0.name, x: $0.x, y: finite($0.median)) })
            }, forKey: .parts)
        try values.encode(
            run.tensors.map {
                TensorText(
                    name: $0.shape.name, shape: $0.shape.dimensions, rates: finite($0.rates), sizes: finite($0.sizes),
                    shares: finite($0.shares), cosines: finite($0.cosines))
            }, forKey: .tensors)
    }
}

private func finite(_ values: [Double]) -> [Double?] { values.map { $0.isFinite ? $0 : nil } }
