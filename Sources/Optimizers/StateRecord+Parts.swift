import Files

// What is made of several states is recorded as one, each a part of it.
extension StateRecord {
    /// What goes by names that begin so, without that beginning.
    package func part(_ prefix: String) -> StateRecord {
        StateRecord(
            counts: Dictionary(
                uniqueKeysWithValues: counts.filter { $0.key.hasPrefix(prefix) }
                    .map { (String($0.key.dropFirst(prefix.count)), $0.value) }),
            tensors: tensors.filter { $0.name.hasPrefix(prefix) }.map {
                Tensor(String($0.name.dropFirst(prefix.count)), shape: $0.shape, values: $0.values)
            })
    }

    /// Adds everything of another, under names that begin so.
    package mutating func add(_ other: StateRecord, _ prefix: String) {
        for (name, count) in other.counts { counts[prefix + name] = count }
        tensors += other.tensors.map { Tensor(prefix + $0.name, shape: $0.shape, values: $0.values) }
    }

    package static var empty: StateRecord { StateRecord(counts: [:], tensors: []) }
}
