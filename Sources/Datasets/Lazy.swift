import NumericCore

/// A value that is made the first time that somebody asks for it, and kept; copies of its owner share it.
final class Lazy<Value: Sendable>: Sendable {
    private let made = OrderedMutex<Value?>(nil)

    /// The value, by `make` where it is not there yet.
    func value(_ make: () -> Value) -> Value {
        made.withLock { made in
            if let made { return made }
            let value = make()
            made = value
            return value
        }
    }
}
