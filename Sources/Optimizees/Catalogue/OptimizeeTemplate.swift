import Files
public import NumericCore

/// The name of an optimizee, wrappers included, some of whose options may be drawn anew for each task:
///
///     scaled(mnist-mlp:width=6..40,activation=relu|tanh,L=0|1|3)+scaled(convex,L=1)
///
/// `OptionDraw` has what can be drawn. A scale whose L is drawn as 0 is no scale at all.
public indirect enum OptimizeeTemplate: Sendable, Hashable, CustomStringConvertible {
    /// An option and its value.
    public struct Option: Sendable, Hashable {
        public let key: String
        public let value: OptionDraw
    }

    /// An entry of the catalogue.
    case entry(String, [Option])
    /// `RandomScaling` of one.
    case scaled(OptimizeeTemplate, [Option])
    /// `Combined`.
    case sum(OptimizeeTemplate, OptimizeeTemplate)

    /// The options of `scaled(…)`.
    static let scalingOptions = ["L", "per", "draw", "keep"]

    /// Reads a name.
    ///
    /// - Throws: `InputError` where it cannot be read; whether the catalogue has its parts is seen when it makes one.
    public init(_ name: String) throws { self = try Self.read(name[...], depth: 0) }

    public var description: String {
        switch self {
        case .entry(let name, let options):
            options.isEmpty ? name : "\(name):\(Self.text(options))"
        case .scaled(let inner, let options): "scaled(\(inner),\(Self.text(options)))"
        case .sum(let first, let second): "\(first)+\(second)"
        }
    }

    /// Whether there is nothing to draw.
    public var isFixed: Bool {
        switch self {
        case .entry(_, let options): options.allSatisfy(\.value.isFixed)
        case .scaled(let inner, let options): inner.isFixed && options.allSatisfy(\.value.isFixed)
        case .sum(let first, let second): first.isFixed && second.isFixed
        }
    }

    /// Draws what is to be drawn.
    public func drawn(_ stream: inout RandomStream) -> OptimizeeTemplate {
        func draw(_ options: [Option]) -> [Option] {
            options.map { Option(key: $0.key, value: OptionDraw(fixed: $0.value.draw(&stream))) }
        }
        switch self {
        case .entry(let name, let options): return .entry(name, draw(options))
        case .scaled(let inner, let options):
            let (inner, drawn) = (inner.drawn(&stream), draw(options))
            return isFixed ? self : Self.scaled(inner, unlessTrivial: drawn)
        case .sum(let first, let second):
            let first = first.drawn(&stream)
            return .sum(first, second.drawn(&stream))
        }
    }

    /// Templates without draws such that, where the catalogue makes all of them, it makes any that is drawn: each option
    /// in turn at each of its ends, the others at their first.
    public var ends: [OptimizeeTemplate] {
        switch self {
        case .entry(let name, let options): Self.ends(of: options).map { .entry(name, $0) }
        case .scaled(let inner, let options):
            inner.ends.map { .scaled($0, Self.ends(of: options)[0]) }
                + Self.ends(of: options).dropFirst().map { .scaled(inner.ends[0], $0) }
        case .sum(let first, let second):
            first.ends.map { .sum($0, second.ends[0]) } + second.ends.dropFirst().map { .sum(first.ends[0], $0) }
        }
    }

    private static func ends(of options: [Option]) -> [[Option]] {
        let first = options.map { Option(key: $0.key, value: OptionDraw(fixed: $0.value.ends[0])) }
        return [first]
            + options.indices.flatMap { index in
                options[index].value.ends.dropFirst().map { end in
                    var changed = first
                    changed[index] = Option(key: options[index].key, value: OptionDraw(fixed: end))
                    return changed
                }
            }
    }

    private static func scaled(_ inner: OptimizeeTemplate, unlessTrivial options: [Option]) -> OptimizeeTemplate {
        func value(_ key: String, _ standard: Float) -> Float? {
            options.first { $0.key == key }.map { Float($0.value.description) } ?? standard
        }
        return value("L", 3) == 0 && value("keep", 1) == 1 ? inner : .scaled(inner, options)
    }

    static func text(_ options: [Option]) -> String {
        options.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }
}

// MARK: Reading

extension OptimizeeTemplate {
    private static func read(_ name: Substring, depth: Int) throws -> OptimizeeTemplate {
        // Names come from files.
        guard depth < 8 else { throw unreadable(name, "is nested too deeply") }
        if let plus = sum(in: name) {
            return .sum(
                try read(name[..<plus], depth: depth + 1),
                try read(name[name.index(after: plus)...], depth: depth + 1))
        }
        guard name.hasPrefix("scaled(") else {
            let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return .entry(String(name.prefix { $0 != ":" }), try parts.count == 2 ? options(parts[1], of: name) : [])
        }
        let inside = name.dropFirst("scaled(".count).dropLast()
        guard name.hasSuffix(")"), let start = inside.ranges(of: ",L=").last else {
            throw unreadable(name, "is no name of a scaled optimizee")
        }
        return .scaled(
            try read(inside[..<start.lowerBound], depth: depth + 1),
            try options(inside[inside.index(after: start.lowerBound)...], of: name))
    }

    private static func options(_ text: Substring, of name: Substring) throws -> [Option] {
        try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, part.first != "=" else {
                throw InputError(
                    quoted(String(name)), "\(quoted(String(part))) is not an option",
                    advice: "write options as key=value")
            }
            guard let value = OptionDraw(pair[1]) else {
                throw InputError(
                    quoted(String(name)), "\(quoted(String(part))) is no range",
                    advice: "write 6..40 or, for logarithms above 0, 6~40, the lower end first")
            }
            return Option(key: String(pair[0]), value: value)
        }
    }

    /// The plus between two names: outside all parentheses, and before a letter, which no exponent has.
    private static func sum(in name: Substring) -> String.Index? {
        var depth = 0
        return name.indices.first { index in
            switch name[index] {
            case "(": depth += 1
            case ")": depth -= 1
            case "+": return depth == 0 && name[name.index(after: index)...].first?.isLetter == true
            default: break
            }
            return false
        }
    }

    static func unreadable(_ name: Substring, _ problem: String) -> InputError {
        InputError(quoted(String(name)), problem, advice: "see l2o list optimizees")
    }
}

// MARK: Making

extension OptimizeeCatalogue {
    /// The optimizee of the name that it gives itself, wrappers included: `scaled(mnist-mlp,L=3.0)+scaled(convex,L=1.0)`,
    /// as checkpoints of meta-training keep it.
    ///
    /// - Throws: `InputError` for a name that cannot be read; whatever the data provider throws.
    public func optimizee(wrappedName name: String) throws -> any Optimizee {
        try optimizee(try OptimizeeTemplate(name))
    }

    /// The optimizee of a template in which nothing is to be drawn.
    ///
    /// - Throws: `InputError` where there is none of such a name and options; whatever the data provider throws.
    public func optimizee(_ template: OptimizeeTemplate) throws -> any Optimizee {
        switch template {
        case .entry: return try optimizee(named: "\(template)")
        case .sum(let first, let second): return Combined(try optimizee(first), try optimizee(second))
        case .scaled(let inner, let options):
            let name = "\(template)"
            let options = try NameOptions(
                OptimizeeTemplate.text(options)[...], of: name, known: OptimizeeTemplate.scalingOptions)
            let keep = try options.number("keep", default: 1, atLeast: 0)
            let range = try options.number("L", default: 3, atLeast: 0)
            guard keep <= 1 && range <= 20 else {
                throw OptimizeeTemplate.unreadable(name[...], "has an option out of range")
            }
            return RandomScaling(
                try optimizee(inner), range: range, granularity: try options.choice("per", default: .coordinate),
                distribution: try options.choice("draw", default: .exponential), keep: keep)
        }
    }
}
