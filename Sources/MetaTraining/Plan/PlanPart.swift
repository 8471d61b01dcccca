import Files

/// A part of a plan: a value with a kind and a table of its fields, from which it is read, written, checked and
/// described.
///
///     struct FixedTruncation: TruncationSchedule {
///         static let kind = "fixed"
///         static let fields = [PlanField.integer("horizon", \Self.horizon, 2...1_000_000, "steps of a task"), …]
public protocol PlanPart: Sendable {
    /// The name among parts of its sort.
    static var kind: String { get }
    /// What it does, in one line.
    static var summary: String { get }
    static var fields: [PlanField<Self>] { get }

    /// With every field at its default.
    init()

    /// What is wrong with the fields together, each of them being within its range; nil where nothing is.
    var conflict: PlanConflict? { get }
}

/// Values that are allowed alone but not together.
public struct PlanConflict: Sendable, Equatable {
    /// What is wrong, such as `horizon 50 is no multiple of unroll 20`.
    public let problem: String
    /// What to do about it.
    public let advice: String

    public init(_ problem: String, advice: String) {
        self.problem = problem
        self.advice = advice
    }
}

extension PlanPart {
    public var conflict: PlanConflict? { nil }

    /// All fields by name, behind the kind where there are several.
    var json: JSONValue {
        .object(
            [.init("kind", .string(Self.kind))]
                + Self.fields.compactMap { field in field.write(self).map { .init(field.name, $0) } })
    }

    /// Sets fields from a JSON object's members.
    ///
    /// - Parameter place: where the part stands in the plan, for errors.
    /// - Throws: `InputError` where there is no such field or a value is out of range.
    mutating func set(_ members: [JSONValue.Member], _ place: PlanPlace) throws {
        for member in members where member.name != "kind" {
            guard let field = Self.fields.first(where: { $0.name == member.name }) else {
                throw place.unknown(member.name, among: Self.fields.map(\.name), of: Self.kind)
            }
            guard field.read(member.value, &self) else {
                throw place.bad(member.name, member.value, advice: "give \(field.domain)")
            }
        }
    }

    /// Checks every field as if it came from a file, and all together.
    func verify(_ place: PlanPlace) throws {
        guard case .object(let members) = json else { return }
        var fresh = Self()
        try fresh.set(members, place)
        try check(place)
    }

    func check(_ place: PlanPlace) throws {
        if let conflict { throw place.error("has \(conflict.problem)", advice: conflict.advice) }
    }
}

/// Where in which plan something stands, for errors.
struct PlanPlace {
    /// The file, or the plan's name.
    let subject: String
    /// The part, as `truncation`; empty for the plan itself.
    var part = ""

    func error(_ problem: String, advice: String) -> InputError {
        InputError(subject, part.isEmpty ? problem : "its \(part) \(problem)", advice: advice)
    }

    func unknown(_ name: String, among names: [String], of kind: String) -> InputError {
        let owner = part.isEmpty ? "" : "of kind \(kind) "
        return error("\(owner)has no member \(quoted(name))", advice: suggestion(for: name, among: names))
    }

    func bad(_ name: String, _ value: JSONValue, advice: String) -> InputError {
        var text = value.text()
        if text.count > 60 { text = text.prefix(60) + "…" }
        return error("has \(name) = \(text)", advice: advice)
    }
}

/// Parts of one sort, of which a plan has one.
struct PartFamily<Member: Sendable>: Sendable {
    /// The member of the plan that holds it.
    let name: String
    /// All kinds; the first is taken where a plan names none.
    let kinds: [any PlanPart.Type]

    /// Reads a part.
    func read(_ value: JSONValue, subject: String) throws -> Member {
        let place = PlanPlace(subject: subject, part: name)
        guard case .object(let members) = value else {
            throw place.error("is no object", advice: "give one with members such as \"kind\"")
        }
        var type = kinds[0]
        if let kind = value["kind"] {
            let names = kinds.map { $0.kind }
            guard case .string(let word) = kind, let index = names.firstIndex(of: word) else {
                let word = if case .string(let word) = kind { word } else { kind.text() }
                throw place.bad("kind", kind, advice: suggestion(for: word, among: names))
            }
            type = kinds[index]
        }
        return try read(type, members, place)
    }

    private func read<Part: PlanPart>(
        _: Part.Type, _ members: [JSONValue.Member], _ place: PlanPlace
    ) throws -> Member {
        var part = Part()
        try part.set(members, place)
        try part.check(place)
        guard let member = part as? Member else { preconditionFailure("\(Part.kind) is no \(name)") }
        return member
    }
}
