public import Files

// A state as a safetensors file: its tensors, and as metadata what it is the state of.

private let formatName = "swift-l2o optimizer state"
private let formatVersion = "1"
private let countPrefix = "count."

extension Optimizer {
    /// Writes a state to a file, as a whole or not at all; `loadState(path:for:)` gives it back bit for bit.
    ///
    ///     try optimizer.save(state, for: layout, to: "state.safetensors")
    ///     var state = try optimizer.loadState(path: "state.safetensors", for: layout)
    ///
    /// - Parameters:
    ///   - state: what to save.
    ///   - layout: the parameters that the state was made for.
    ///   - path: the file, which is replaced.
    ///   - metadata: what else the file shall say.
    /// - Throws: `InputError` where the file cannot be written.
    public func save(
        _ state: State, for layout: ParameterLayout, to path: String, metadata: [String: String] = [:]
    ) throws {
        try stateFile(record(state), for: layout, metadata: metadata).write(to: path)
    }

    /// What `save` writes, for a record of this optimizer.
    public func stateFile(
        _ record: StateRecord, for layout: ParameterLayout, metadata: [String: String] = [:]
    ) -> SafetensorsFile {
        var all = [
            "format": formatName, "version": formatVersion, "optimizer": name, "parameters": layout.description,
        ]
        for (name, count) in record.counts { all[countPrefix + name] = String(count) }
        all.merge(metadata) { own, _ in own }
        return SafetensorsFile(record.tensors, metadata: all)
    }

    /// Reads a state that `save(_:for:to:metadata:)` wrote.
    ///
    /// - Throws: `InputError` where the file cannot be read, is no such file, or is the state of another optimizer or
    ///   of other parameters.
    public func loadState(path: String, for layout: ParameterLayout) throws -> State {
        let record = try stateRecord(from: try SafetensorsFile(path: path), path: path, for: layout)
        do {
            return try self.state(from: record, for: layout)
        } catch let error as InputError {
            throw InputError(path, "cannot be used: \(error.description)", advice: "save the state again")
        }
    }

    /// The record in what `save` writes.
    ///
    /// - Parameters:
    ///   - file: its content.
    ///   - path: where it lies, for errors.
    ///   - layout: the parameters that the state is for.
    /// - Throws: `InputError` where it is no such file, or the state of another optimizer or of other parameters.
    public func stateRecord(
        from file: SafetensorsFile, path: String, for layout: ParameterLayout
    ) throws -> StateRecord {
        func refusal(_ problem: String, _ advice: String) -> InputError { InputError(path, problem, advice: advice) }
        guard file.metadata["format"] == formatName else {
            throw refusal("is no optimizer's state", "give a file that was saved as one")
        }
        guard let version = file.metadata["version"], version == formatVersion else {
            throw refusal(
                "has the version \(quoted(file.metadata["version"] ?? "")), not \(formatVersion)",
                "update this program, or save the state again")
        }
        guard let owner = file.metadata["optimizer"], owner == name else {
            throw refusal(
                "is the state of \(quoted(file.metadata["optimizer"] ?? "")), not of \(name)",
                "give the state of the same optimizer")
        }
        guard file.metadata["parameters"] == layout.description else {
            throw refusal(
                "was saved for the parameters \(quoted(file.metadata["parameters"] ?? ""))",
                "give the state of parameters with the same names and shapes")
        }
        var counts: [String: Int] = [:]
        for (key, text) in file.metadata where key.hasPrefix(countPrefix) {
            guard let value = Int(text) else {
                throw refusal("has no number in \(quoted(key))", "fetch or save the file again")
            }
            counts[String(key.dropFirst(countPrefix.count))] = value
        }
        return StateRecord(counts: counts, tensors: file.tensors)
    }
}
