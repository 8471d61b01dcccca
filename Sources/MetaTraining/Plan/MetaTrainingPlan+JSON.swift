public import Files
import NumericCore

extension MetaTrainingPlan {
    /// Reads a plan's file; what it leaves out is as in the paper.
    ///
    /// - Throws: `InputError` where the file cannot be read, is no JSON, or has a member that is unknown or out of range.
    public init(path: String) throws {
        try self.init(json: try JSONValue(parsing: try readFile(path, limit: 1 << 20), path: path), subject: path)
    }

    /// Reads a plan.
    ///
    /// - Parameters:
    ///   - json: an object with the plan's members.
    ///   - subject: where it comes from, for errors.
    /// - Throws: `InputError` where a member is missing, unknown or out of range.
    public init(json: JSONValue, subject: String) throws {
        guard case .object(let members) = json else {
            throw InputError(subject, "is no plan: no JSON object", advice: "see l2o plan show rnnprop-paper")
        }
        let place = PlanPlace(subject: subject)
        guard case .string(let optimizer) = json["optimizer"] else {
            throw place.error(
                "does not say which \"optimizer\" it trains", advice: "give a kind such as \"rnnprop\"")
        }
        guard let tasks = json["tasks"] else {
            throw place.error(
                "does not say which \"tasks\" it trains on", advice: "give a name such as \"mnist-mlp\"")
        }
        self.init(optimizer: optimizer, tasks: try Self.taskNames(tasks, subject))
        name = Self.stem(subject)
        for member in members {
            switch member.name {
            case "optimizer", "tasks": break
            case Self.truncations.name: truncation = try Self.truncations.read(member.value, subject: subject)
            case Self.metaLosses.name: metaLoss = try Self.metaLosses.read(member.value, subject: subject)
            case Self.estimators.name: estimator = try Self.estimators.read(member.value, subject: subject)
            case Self.metaOptimizers.name:
                metaOptimizer = try Self.metaOptimizers.read(member.value, subject: subject)
            case Self.selections.name: selection = try Self.selections.read(member.value, subject: subject)
            default: try set(member, place)
            }
        }
        try check(subject)
    }

    /// The plan as `init(json:subject:)` reads it.
    public var json: JSONValue {
        var members = Self.fields.compactMap { field in
            field.write(self).map { JSONValue.Member(field.name, $0) }
        }
        members.insert(.init("tasks", tasks.json), at: members.firstIndex { $0.name == "meta_batch" }!)
        return .object(members + parts.map { .init($0.name, $0.part.json) })
    }

    // MARK: Members that are no parts

    /// The plan's own numbers and words.
    static let fields: [PlanField<MetaTrainingPlan>] = [
        .text("name", \.name, "what it is called"),
        .text("summary", \.summary, "what it is for"),
        .text("optimizer", \.optimizer, "the kind of learned optimizer that it trains"),
        PlanField(
            name: "constants", summary: "constants of the rule that differ", domain: "an object of names and numbers",
            read: { value, plan in
                guard case .object(let members) = value else { return false }
                for member in members {
                    guard case .number(let number) = member.value, number.isFinite else { return false }
                    plan.constants[member.name] = number
                }
                return true
            },
            write: { plan in
                let sorted = plan.constants.sorted { $0.key < $1.key }
                return sorted.isEmpty ? nil : .object(sorted.map { .init($0.key, .number($0.value)) })
            }),
        .optionalInteger("iterations", \.iterations, 1...1_000_000_000, "meta-iterations in all"),
        .integer("meta_batch", \.metaBatch, 1...10_000, "tasks of one update"),
        PlanField(
            name: "factors", summary: "what the rule's matrix products multiply", domain: "single or bfloat16",
            read: { value, plan in
                guard case .string(let word) = value, let factors = Kernels.FactorPrecision(rawValue: word) else {
                    return false
                }
                plan.factors = factors
                return true
            }, write: { $0.factors.map { .string($0.rawValue) } }),
        .integer("patience", \.patience, 1...1_000_000_000, "skipped updates in a row after which a run gives up"),
    ]

    /// All members' names.
    static let memberNames =
        fields.map(\.name) + ["tasks"]
        + [truncations.name, metaLosses.name, estimators.name, metaOptimizers.name, selections.name]

    /// The names of all members, of all parts' kinds and of their members: what the documentation has to say.
    package static var documentedNames: [String] {
        let kinds =
            truncations.kinds + metaLosses.kinds + estimators.kinds + metaOptimizers.kinds + selections.kinds
        func names<Part: PlanPart>(_: Part.Type) -> [String] { Part.fields.map(\.name) }
        let parts: Set = ["name", "summary", "adam"]
        return Set(fields.map(\.name) + ["tasks"] + kinds.flatMap { [$0.kind] + names($0) }).subtracting(parts)
            .sorted()
    }

    private mutating func set(_ member: JSONValue.Member, _ place: PlanPlace) throws {
        guard let field = Self.fields.first(where: { $0.name == member.name }) else {
            throw place.unknown(member.name, among: Self.memberNames, of: "")
        }
        guard field.read(member.value, &self) else {
            throw place.bad(member.name, member.value, advice: "give \(field.domain)")
        }
    }

    /// A file's name without folder and suffix.
    private static func stem(_ path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return name.hasSuffix(".json") ? String(name.dropLast(".json".count)) : name
    }

    private static func taskNames(_ value: JSONValue, _ subject: String) throws -> TaskNames {
        switch value {
        case .string(let name): return try TaskNames(name)
        case .array(let elements):
            let lines = elements.compactMap { if case .string(let line) = $0 { line } else { nil } }
            guard lines.count == elements.count else { break }
            return try TaskNames(entries: lines)
        default: break
        }
        throw InputError(
            subject, "its tasks are neither a name nor a list of names",
            advice: "give \"mnist-mlp\", or [\"2*mnist-mlp\", \"digits-mlp\"]")
    }
}

extension MetaTrainingPlan: Codable {
    public init(from decoder: any Decoder) throws {
        try self.init(json: try JSONValue(from: decoder), subject: "the plan")
    }

    public func encode(to encoder: any Encoder) throws { try json.encode(to: encoder) }
}
