import Files
import Optimizers

/// What parameters were when a guard last kept them, tensor by tensor.
///
/// A tensor is copied at its first step since then, so that one that never moves costs nothing, and need not be at hand.
struct KeptParameters: Sendable {
    let counts: [Int]
    /// Memory that is used again, of tensors that moved before.
    private var values: [[Float]]
    private var isKept: [Bool]
    /// How many are kept: where all are, there is nothing to note.
    private var keptCount = 0

    init(_ layout: ParameterLayout) {
        counts = layout.shapes.map(\.count)
        values = counts.map { _ in [] }
        isKept = counts.map { _ in false }
    }

    /// Forgets what was kept: parameters are worth keeping as they are now.
    mutating func begin() {
        keptCount = 0
        for index in isKept.indices { isKept[index] = false }
    }

    var isComplete: Bool { keptCount == counts.count }

    /// Is told of every tensor that is about to move, or has to be kept now.
    mutating func note(_ index: Int, _ parameters: UnsafePointer<Float>) {
        guard !isKept[index] else { return }
        isKept[index] = true
        keptCount += 1
        let now = UnsafeBufferPointer(start: parameters, count: counts[index])
        if values[index].count == now.count {
            values[index].withUnsafeMutableBufferPointer { _ = $0.update(from: now) }
        } else {
            values[index] = Array(now)
        }
    }

    /// Gives a tensor back what it was, where it moved since.
    func restore(_ index: Int, _ parameters: UnsafeMutablePointer<Float>) {
        guard isKept[index] else { return }
        values[index].withUnsafeBufferPointer {
            if let start = $0.baseAddress { parameters.update(from: start, count: $0.count) }
        }
    }

    // MARK: All tensors, one after the other

    mutating func note(_ parameters: UnsafePointer<Float>) {
        guard !isComplete else { return }
        var place = 0
        for (index, count) in counts.enumerated() {
            note(index, parameters + place)
            place += count
        }
    }

    func restore(_ parameters: UnsafeMutablePointer<Float>) {
        var place = 0
        for (index, count) in counts.enumerated() {
            restore(index, parameters + place)
            place += count
        }
    }

    // MARK: Files

    private static let tensor = "parameters"
    private static func missing(_ index: Int) -> String { "missing.\(index)" }

    /// All tensors one after the other; of those that did not move, zeros and a count that says so.
    func add(to record: inout StateRecord) {
        var all: [Float] = []
        for (index, count) in counts.enumerated() {
            all += isKept[index] ? values[index] : [Float](repeating: 0, count: count)
            if !isKept[index] { record.counts[Self.missing(index)] = 1 }
        }
        record.tensors.append(Tensor(Self.tensor, shape: [all.count], values: all))
    }

    init(_ record: StateRecord, for layout: ParameterLayout) throws {
        self.init(layout)
        let all = try record.tensor(Self.tensor, shape: [layout.count])
        for (index, range) in layout.ranges.enumerated() where record.counts[Self.missing(index)] == nil {
            values[index] = Array(all[range])
            isKept[index] = true
            keptCount += 1
        }
    }
}
