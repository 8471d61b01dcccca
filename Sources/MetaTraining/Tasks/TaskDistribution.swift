public import NumericCore
public import Optimizees

/// What tasks are drawn from.
public protocol TaskDistribution: Sendable {
    /// The name under which it is found again, as checkpoints keep it.
    var name: String { get }

    /// Tells the data that tasks are made of from others, as an optimizee's does; nil where the name says it all.
    var dataFingerprint: String? { get }

    /// What a key draws a task of; the task itself is its instance of the same key.
    func optimizee(key: RandomKey) -> any Optimizee
}

/// Tasks of one optimizee, as in the papers.
public struct OneOptimizee: TaskDistribution {
    public let optimizee: any Optimizee

    public init(_ optimizee: any Optimizee) { self.optimizee = optimizee }

    public var name: String { optimizee.name }

    public var dataFingerprint: String? { optimizee.dataFingerprint }

    public func optimizee(key: RandomKey) -> any Optimizee { optimizee }
}

/// Tasks of several kinds, some of whose options are drawn anew for each.
///
///     let tasks = try TaskMixture(
///         TaskNames("mixture:3*mnist-mlp:width=6..40;scaled(digits-mlp:batch=32~256,L=0|1|3)"), catalogue: catalogue)
public struct TaskMixture: TaskDistribution {
    private let names: TaskNames
    private let catalogue: OptimizeeCatalogue
    private let totals: [Double]
    public let dataFingerprint: String?

    /// - Throws: `InputError` where the catalogue cannot make what is named, whatever is drawn; whatever its data
    ///   provider throws.
    public init(_ names: TaskNames, catalogue: OptimizeeCatalogue) throws {
        self.names = names
        self.catalogue = catalogue
        var sum = 0.0
        totals = names.entries.map { entry in
            sum += entry.weight
            return sum
        }
        var prints: [String?] = []
        for entry in names.entries {
            let ends = try entry.template.ends.map(catalogue.optimizee)
            prints.append(ends[0].dataFingerprint)
        }
        dataFingerprint = prints.allSatisfy { $0 == nil } ? nil : prints.map { $0 ?? "-" }.joined(separator: ";")
    }

    public var name: String { names.description }

    public func optimizee(key: RandomKey) -> any Optimizee {
        do {
            return try catalogue.optimizee(template(key: key))
        } catch {
            preconditionFailure("a task was drawn that the mixture's ends did not show: \(error)")
        }
    }

    /// The name of what a key draws.
    public func template(key: RandomKey) -> OptimizeeTemplate {
        // Instances take the branches from 0 on.
        var stream = RandomStream(key.child(-1))
        let place = Double(stream.uniform()) * totals[totals.count - 1]
        let index = totals.firstIndex { place < $0 } ?? totals.count - 1
        return names.entries[index].template.drawn(&stream)
    }
}
