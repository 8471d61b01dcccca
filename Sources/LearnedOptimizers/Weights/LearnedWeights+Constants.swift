import Files

extension LearnedWeights {
    /// The same weights with other constants.
    ///
    /// - Parameters:
    ///   - constants: those that change, by name.
    ///   - subject: who asks for it, for errors.
    /// - Throws: `InputError` where the rule has no such constant, or not with such a value.
    public func setting(_ constants: [String: Double], subject: String) throws -> LearnedWeights {
        let rule = try RuleRegister.named(kind)
        for (name, value) in constants.sorted(by: { $0.key < $1.key }) {
            guard let constant = rule.constants.first(where: { $0.name == name }) else {
                throw InputError(
                    subject, "name \(quoted(name)), which \(kind) lacks",
                    advice: suggestion(for: name, among: rule.constants.map(\.name)))
            }
            guard constant.range.contains(Float(value)) else {
                throw InputError(
                    subject, "give \(name) as \(value)",
                    advice: "give a number from \(constant.range.lowerBound) to \(constant.range.upperBound)")
            }
        }
        return LearnedWeights(
            rule, size: size, constants: self.constants.merging(constants) { $1 }, flat: tensors.flatMap(\.values))
    }
}
