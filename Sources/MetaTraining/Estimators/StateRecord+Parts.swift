import Files
public import Optimizers

// A task's run is recorded as an optimizer's state is; the states of its optimizers are parts of it.
extension StateRecord {
    /// What goes by names that begin so, without that beginning.
    func part(_ prefix: String) -> StateRecord {
        StateRecord(
            counts: Dictionary(
                uniqueKeysWithValues: counts.filter { $0.key.hasPrefix(prefix) }
                    .map { (String($0.key.dropFirst(prefix.count)), $0.value) }),
            tensors: tensors.filter { $0.name.hasPrefix(prefix) }.map {
                Tensor(String($0.name.dropFirst(prefix.count)), shape: $0.shape, values: $0.values)
            })
    }

    /// Adds everything of another, under names that begin so.
    mutating func add(_ other: StateRecord, _ prefix: String) {
        for (name, count) in other.counts { counts[prefix + name] = count }
        tensors += other.tensors.map { Tensor(prefix + $0.name, shape: $0.shape, values: $0.values) }
    }

    static var empty: StateRecord { StateRecord(counts: [:], tensors: []) }
}

extension StateRecord: MetaBatchResult {
    public var bytes: [UInt8] { SafetensorsFile(tensors, metadata: counts.mapValues(\.description)).encoded() }

    public init(bytes: [UInt8]) {
        guard let file = try? SafetensorsFile(bytes: bytes, path: "a task's record") else {
            preconditionFailure("the bytes are those of a record")
        }
        self.init(counts: file.metadata.compactMapValues { Int($0) }, tensors: file.tensors)
    }
}
