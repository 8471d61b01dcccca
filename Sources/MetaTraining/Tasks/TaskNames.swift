import Files
public import Optimizees

/// The name of what tasks are drawn from: an optimizee's, wrappers included, or a mixture's,
/// `mixture:2*scaled(mnist-mlp:width=6..40,L=0|1|3);digits-mlp`.
///
/// An entry's weight stands in front of it, 1 where none does; `OptimizeeTemplate` has what can be drawn.
public struct TaskNames: Sendable, Hashable, CustomStringConvertible {
    /// One of a mixture.
    public struct Entry: Sendable, Hashable {
        /// How often it is drawn, relative to the others.
        public let weight: Double
        public let template: OptimizeeTemplate

        public init(weight: Double = 1, _ template: OptimizeeTemplate) {
            self.weight = weight
            self.template = template
        }
    }

    public let entries: [Entry]

    private static let prefix = "mixture:"

    /// - Precondition: there is one, and weights are positive.
    public init(_ entries: [Entry]) {
        precondition(!entries.isEmpty && entries.allSatisfy { $0.weight > 0 }, "a mixture has entries with weights")
        self.entries = entries
    }

    /// Reads a name.
    ///
    /// - Throws: `InputError` where it cannot be read.
    public init(_ name: String) throws {
        guard name.hasPrefix(Self.prefix) else {
            self.init([try Self.entry(name[...])])
            return
        }
        try self.init(
            entries: name.dropFirst(Self.prefix.count).split(separator: ";", omittingEmptySubsequences: false)
                .map(String.init))
    }

    /// Reads the entries of a mixture.
    init(entries: [String]) throws {
        guard !entries.isEmpty, entries.count <= 1000 else {
            throw InputError("the mixture", "has \(entries.count) entries", advice: "give 1 to 1000")
        }
        self.init(try entries.map { try Self.entry($0[...]) })
    }

    private static func entry(_ text: Substring) throws -> Entry {
        guard let star = text.firstIndex(of: "*") else { return Entry(try OptimizeeTemplate(String(text))) }
        guard let weight = Double(text[..<star]), weight.isFinite, weight > 0 else {
            throw InputError(
                quoted(String(text)), "has the weight \(quoted(String(text[..<star])))",
                advice: "write a number above 0 in front of the star")
        }
        return Entry(weight: weight, try OptimizeeTemplate(String(text[text.index(after: star)...])))
    }

    public var description: String {
        isOne ? lines[0] : Self.prefix + lines.joined(separator: ";")
    }

    /// Whether it names one optimizee without anything to draw.
    private var isOne: Bool { entries.count == 1 && entries[0].weight == 1 && entries[0].template.isFixed }

    /// Each entry's text.
    private var lines: [String] {
        entries.map { entry in
            entry.weight == 1 ? "\(entry.template)" : "\(JSONValue.number(entry.weight).text())*\(entry.template)"
        }
    }

    /// As a plan's file has it: a name, or a list of a mixture's entries.
    var json: JSONValue { isOne ? .string(lines[0]) : .array(lines.map { .string($0) }) }

    /// What is drawn from.
    ///
    /// - Throws: `InputError` where the catalogue does not have it; whatever its data provider throws.
    public func distribution(_ catalogue: OptimizeeCatalogue) throws -> any TaskDistribution {
        isOne
            ? OneOptimizee(try catalogue.optimizee(entries[0].template))
            : try TaskMixture(self, catalogue: catalogue)
    }
}
