public import Files
import NumericCore

extension MetaTrainingPlan {
    /// Changes a field of a part.
    ///
    /// - Parameters:
    ///   - part: the member of the plan, as `truncation`.
    ///   - field: the member of the part, as `horizon`.
    ///   - value: what it becomes.
    ///   - option: who asks for it, for errors.
    /// - Throws: `InputError` where the plan's part of that name has no such field, or the value is out of range.
    public mutating func set(_ part: String, _ field: String, _ value: JSONValue, option: String) throws {
        switch part {
        case Self.truncations.name: try Self.set(&truncation, name, part, field, value, option)
        case Self.metaLosses.name: try Self.set(&metaLoss, name, part, field, value, option)
        case Self.estimators.name: try Self.set(&estimator, name, part, field, value, option)
        case Self.selections.name: try Self.set(&selection, name, part, field, value, option)
        default: preconditionFailure("\(part) is no part of a plan that has kinds")
        }
    }

    private static func set<Sort>(
        _ part: inout Sort, _ plan: String, _ name: String, _ field: String, _ value: JSONValue, _ option: String
    ) throws {
        guard let known = part as? any PlanPart else { preconditionFailure("\(name) is a part") }
        guard let changed = try changing(known, plan, name, field, value, option) as? Sort else {
            preconditionFailure("\(name) stays what it was")
        }
        part = changed
    }

    private static func changing<Part: PlanPart>(
        _ part: Part, _ plan: String, _ name: String, _ field: String, _ value: JSONValue, _ option: String
    ) throws -> Part {
        let place = PlanPlace(subject: plan, part: name)
        guard Part.fields.contains(where: { $0.name == field }) else {
            throw place.error(
                "is of kind \(Part.kind), without \(field)", advice: "leave out \(option), or choose another plan")
        }
        var changed = part
        try changed.set([.init(field, value)], place)
        return changed
    }

    /// The plan of the run in a folder.
    ///
    /// - Throws: `InputError` where there is none, or it is damaged.
    public static func ofRun(in folder: String) throws -> MetaTrainingPlan {
        let path = "\(folder)/latest.safetensors"
        guard fileExists(path) else {
            throw InputError(
                folder, "holds no meta-training run to continue",
                advice: "check the folder, or leave out --resume to begin one")
        }
        let metadata = try SafetensorsFile(path: path).metadata
        var plan = try MetaTrainingPlan(configuration: metadata, kind: metadata["kind"] ?? "", path: path)
        let factors = metadata[ConfigurationName.factors].flatMap { Kernels.FactorPrecision(rawValue: $0) }
        if let factors, factors != .single { plan.factors = factors }
        return plan
    }
}
