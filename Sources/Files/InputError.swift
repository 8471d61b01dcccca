/// Something that the user gave and that cannot be used: a file, a name, an option.
///
/// Its description is one line that says what is wrong, where, and what to do about it.
public struct InputError: Error, Equatable, CustomStringConvertible {
    public let description: String

    /// - Parameters:
    ///   - subject: where, usually a path or a name.
    ///   - problem: what is wrong with it.
    ///   - advice: what to do about it.
    public init(_ subject: String, _ problem: String, advice: String) {
        description = "\(subject): \(problem); \(advice)"
    }
}
