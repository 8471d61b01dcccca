import Files
import NumericCore
import Optimizees

/// Names in the metadata of checkpoints.
enum ConfigurationName {
    static let plan = "plan"
    static let tasks = "optimizee"
    static let data = "data"
    static let seed = "seed"
    static let factors = "factors"
    static let command = "command"

    /// What checkpoints from before there were plans say in place of one.
    static let old = [
        "horizon", "unroll", "meta_loss", "meta_learning_rate", "meta_batch", "backward_stride", "selection",
        "average_decay", "validation_tasks",
    ]
}

extension MetaTrainingPlan {
    /// Names and values of everything that decides what a run computes.
    func configuration(_ tasks: any TaskDistribution, seed: UInt64) -> [String: String] {
        var plan = self
        // Whoever trains on an optimizee of their own has left the plan's as they were.
        if let names = try? TaskNames(tasks.name) { plan.tasks = names }
        var configuration = [
            ConfigurationName.plan: plan.json.text(), ConfigurationName.tasks: tasks.name,
            ConfigurationName.seed: "\(seed)",
            ConfigurationName.factors: (factors ?? Kernels.selected.factors).rawValue,
        ]
        configuration[ConfigurationName.data] = tasks.dataFingerprint
        return configuration
    }

    /// The plan of a run, from what its checkpoints keep.
    ///
    /// - Parameters:
    ///   - configuration: names and values; may come from a hostile file.
    ///   - kind: of the learned optimizer.
    ///   - path: where they come from, for errors.
    /// - Throws: `InputError` where something is missing or out of range.
    public init(configuration: [String: String], kind: String, path: String) throws {
        if let text = configuration[ConfigurationName.plan] {
            try self.init(json: try JSONValue(parsing: Array(text.utf8), path: path), subject: path)
        } else {
            try self.init(old: configuration, kind: kind, path: path)
        }
    }

    /// The paper's plan with what a checkpoint from before there were plans says of it.
    private init(old: [String: String], kind: String, path: String) throws {
        func value<T>(_ name: String, _ parse: (String) -> T?) throws -> T {
            guard let value = old[name].flatMap(parse) else {
                throw InputError(path, "lacks a valid \"\(name)\"", advice: "give a run that l2o meta-train made")
            }
            return value
        }
        func number(_ name: String) throws -> JSONValue {
            .number(try value(name) { Double($0).flatMap { $0.isFinite ? $0 : nil } })
        }
        func part(_ members: [(String, JSONValue)]) -> JSONValue { .object(members.map { .init($0.0, $0.1) }) }
        var selection: [(String, JSONValue)] = [
            ("kind", .string(try value("selection") { $0 })), ("average_decay", try number("average_decay")),
        ]
        if old["selection"] == ValidationSelection.kind {
            selection.append(("tasks", try number("validation_tasks")))
        }
        let json = part([
            ("name", .string("\(kind)-paper")), ("optimizer", .string(kind)),
            ("tasks", .string(try value(ConfigurationName.tasks) { $0 })), ("meta_batch", try number("meta_batch")),
            (Self.truncations.name, part([("horizon", try number("horizon")), ("unroll", try number("unroll"))])),
            (Self.metaLosses.name, part([("losses", .string(try value("meta_loss") { $0 }))])),
            (Self.estimators.name, part([("backward_stride", try number("backward_stride"))])),
            (Self.metaOptimizers.name, part([("rate", try number("meta_learning_rate"))])),
            (Self.selections.name, part(selection)),
        ])
        try self.init(json: json, subject: path)
    }

    /// The first thing in which a run that continues would differ, as its name and both values.
    func difference(from old: MetaTrainingPlan) -> (name: String, old: String, new: String)? {
        let free: Set = ["name", "summary", "tasks", "factors", "patience"]
        let (before, now) = (old.leaves, leaves)
        let names = now.map(\.name) + before.map(\.name).filter { name in !now.contains { $0.name == name } }
        for name in names where !free.contains(name) && (name != "iterations" || spansPlan) {
            let values = (before.first { $0.name == name }?.value, now.first { $0.name == name }?.value)
            if values.0 != values.1 { return (name, values.0 ?? "none", values.1 ?? "none") }
        }
        return nil
    }

    /// Every number and word by its name; where two parts share one, with the part's in front.
    private var leaves: [(name: String, value: String)] {
        guard case .object(let members) = json else { return [] }
        var leaves: [(name: String, value: String)] = []
        for member in members {
            if case .object(let inner) = member.value {
                for field in inner {
                    let name = field.name == "kind" ? member.name : field.name
                    leaves.append((name, Self.text(field.value)))
                }
            } else {
                leaves.append((member.name, Self.text(member.value)))
            }
        }
        return leaves
    }

    private static func text(_ value: JSONValue) -> String {
        if case .string(let text) = value { text } else { value.text() }
    }
}
