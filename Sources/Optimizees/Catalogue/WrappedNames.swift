import Files

extension OptimizeeCatalogue {
    /// The optimizee of the name that it gives itself, wrappers included: `scaled(mnist-mlp,L=3.0)+scaled(convex,L=1.0)`,
    /// as checkpoints of meta-training keep it.
    ///
    /// - Throws: `InputError` for a name that cannot be read; whatever the data provider throws.
    public func optimizee(wrappedName name: String) throws -> any Optimizee { try wrapped(name[...], depth: 0) }

    private func wrapped(_ name: Substring, depth: Int) throws -> any Optimizee {
        // Names come from files.
        guard depth < 8 else { throw Self.unreadable(name, "is nested too deeply") }
        if let plus = Self.sum(in: name) {
            return Combined(
                try wrapped(name[..<plus], depth: depth + 1),
                try wrapped(name[name.index(after: plus)...], depth: depth + 1))
        }
        guard name.hasPrefix("scaled(") else { return try optimizee(named: String(name)) }
        let inside = name.dropFirst("scaled(".count).dropLast()
        guard name.hasSuffix(")"), let start = inside.ranges(of: ",L=").last else {
            throw Self.unreadable(name, "is no name of a scaled optimizee")
        }
        let options = try NameOptions(
            inside[inside.index(after: start.lowerBound)...], of: String(name), known: ["L", "per", "draw", "keep"])
        let keep = try options.number("keep", default: 1, atLeast: 0)
        let range = try options.number("L", default: 3, atLeast: 0)
        guard keep <= 1 && range <= 20 else { throw Self.unreadable(name, "has an option out of range") }
        return RandomScaling(
            try wrapped(inside[..<start.lowerBound], depth: depth + 1), range: range,
            granularity: try options.choice("per", default: .coordinate),
            distribution: try options.choice("draw", default: .exponential), keep: keep)
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

    private static func unreadable(_ name: Substring, _ problem: String) -> InputError {
        InputError(quoted(String(name)), problem, advice: "see l2o list optimizees")
    }
}
