/// The functions that the kernels compute with polynomials of their own.
public enum ElementaryFunction: String, Sendable, CaseIterable {
    /// 2ˣ, x clamped to ±40.
    case exp2
    case tanh
    /// x where positive, eˣ − 1 elsewhere.
    case elu
    /// ln x of positive normal numbers.
    case log
}
