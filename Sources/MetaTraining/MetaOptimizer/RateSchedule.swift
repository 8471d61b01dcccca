/// How the learning rate on φ changes over a training.
public enum RateSchedule: String, Sendable, CaseIterable, LosslessStringConvertible {
    /// It stays.
    case constant
    /// It falls along half a cosine to the final rate at the end of what is planned.
    case cosine

    public init?(_ text: String) { self.init(rawValue: text) }
    public var description: String { rawValue }
}
