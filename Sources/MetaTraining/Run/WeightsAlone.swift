public import Files
public import LearnedOptimizers

extension LearnedWeights {
    /// What a file says about its weights, and these alone: of a checkpoint neither the moments of meta-training nor the
    /// tasks under way, which may be a thousand times as large. The layout is ours, whichever the file has.
    ///
    /// - Parameters:
    ///   - file: the file's content.
    ///   - path: where it lies, for errors.
    ///   - minutes: how long they were trained, if that is known and the file does not say it: kept as `minutes`.
    ///   - constants: those of the rule that change.
    ///   - rules: those to choose from.
    /// - Throws: `InputError` where the file holds no weights of a known rule, or the rule has no such constants.
    public static func alone(
        in file: SafetensorsFile, path: String, minutes: Double? = nil, constants: [String: Double] = [:],
        rules: [RuleDescriptor] = RuleRegister.all
    ) throws -> SafetensorsFile {
        var weights = try LearnedWeights(file, path: path, rules: rules)
        if !constants.isEmpty { weights = try weights.setting(constants, subject: "the constants to set") }
        let ofContent = Set(["kind", "convention", "meta_adam.step", "running_norm"] + weights.constants.keys)
        var metadata = file.metadata.filter { !ofContent.contains($0.key) && !TaskUnderWay.isTask($0.key) }
        if let minutes, metadata[minutesName] == nil { metadata[minutesName] = "\(minutes)" }
        return weights.safetensors(metadata: metadata)
    }
}
