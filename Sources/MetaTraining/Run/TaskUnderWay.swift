import Files
import Optimizers

/// A task that an update boundary finds under way, as a checkpoint keeps it.
struct TaskUnderWay: Sendable {
    let ticket: TaskTicket
    let record: StateRecord

    /// What names of its tensors begin with, and the name of the rest in the metadata.
    private static func name(_ place: Int) -> String { "task.\(place)" }

    /// Adds all tasks under way to a checkpoint's content.
    static func write(_ tasks: [Int: TaskUnderWay], _ tensors: inout [Tensor], _ metadata: inout [String: String]) {
        for (place, task) in tasks.sorted(by: { $0.key < $1.key }) {
            let counts = task.record.counts.sorted { $0.key < $1.key }
            let ticket = task.ticket
            var members: [JSONValue.Member] = [
                .init("iteration", .integer(ticket.iteration)), .init("periods", .integer(ticket.periods)),
                .init("done", .integer(ticket.done)),
                .init("counts", .object(counts.map { JSONValue.Member($0.key, .integer($0.value)) })),
            ]
            if ticket.burnIn > 0 { members.append(.init("burn_in", .integer(ticket.burnIn))) }
            metadata[name(place)] = JSONValue.object(members).text()
            tensors += task.record.tensors.map {
                Tensor("\(name(place)).\($0.name)", shape: $0.shape, values: $0.values)
            }
        }
    }

    /// The tasks under way of a checkpoint, by their places.
    ///
    /// - Throws: `InputError` where one is damaged.
    static func read(_ file: SafetensorsFile, path: String) throws -> [Int: TaskUnderWay] {
        var tasks: [Int: TaskUnderWay] = [:]
        let tensors = Dictionary(grouping: file.tensors) {
            $0.name.split(separator: ".").prefix(2).joined(separator: ".")
        }
        for (key, text) in file.metadata where isTask(key) {
            guard let place = Int(key.dropFirst(5)), place >= 0, tasks[place] == nil else {
                throw damaged(key, path)
            }
            let json = try JSONValue(parsing: Array(text.utf8), path: path)
            guard let iteration = integer(json["iteration"]), let periods = integer(json["periods"]),
                let done = integer(json["done"]), done < periods, case .object(let counts) = json["counts"],
                let burnIn = json["burn_in"] == nil ? 0 : integer(json["burn_in"])
            else { throw damaged(key, path) }
            let record = StateRecord(
                counts: Dictionary(counts.compactMap { member in integer(member.value).map { (member.name, $0) } }) {
                    $1
                },
                tensors: (tensors[key] ?? []).map {
                    Tensor(String($0.name.dropFirst(key.count + 1)), shape: $0.shape, values: $0.values)
                })
            tasks[place] = TaskUnderWay(
                ticket: TaskTicket(iteration: iteration, periods: periods, burnIn: burnIn, done: done), record: record
            )
        }
        return tasks
    }

    /// Whether a metadata key is a task's.
    static func isTask(_ key: String) -> Bool { key.hasPrefix("task.") }

    static func misplaced(_ place: Int) -> InputError {
        InputError(
            "task \(place)", "is under way in a place that the plan does not have",
            advice: "continue from a checkpoint that l2o meta-train wrote")
    }

    private static func integer(_ value: JSONValue?) -> Int? {
        guard case .number(let number) = value, let whole = Int(exactly: number), whole >= 0 else { return nil }
        return whole
    }

    private static func damaged(_ key: String, _ path: String) -> InputError {
        InputError(
            path, "its \(quoted(key)) is damaged", advice: "continue from a checkpoint that l2o meta-train wrote")
    }
}
