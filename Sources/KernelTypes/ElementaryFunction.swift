/// The functions that the kernels compute with polynomials of their own.
///
/// Without text: Unicode is not to be had where the kernels run without a runtime library.
public enum ElementaryFunction: Sendable {
    /// 2ˣ, x clamped to ±40.
    case exp2
    case tanh
    /// x where positive, eˣ − 1 elsewhere.
    case elu
    /// ln x of positive normal numbers.
    case log
    /// log₂ x of positive normal numbers.
    case log2
}
