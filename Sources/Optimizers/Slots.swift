import Files

/// What a hand-designed optimizer remembers: how many steps it took, and up to two numbers for each parameter.
public struct Slots: Sendable, Equatable {
    /// Steps taken so far.
    public internal(set) var step = 0
    /// The number of parameters that this state was made for.
    public let parameterCount: Int
    /// The first and the second number of each parameter; empty where the optimizer keeps fewer.
    public internal(set) var first: [Float] = []
    public internal(set) var second: [Float] = []

    init(parameterCount: Int, slots: Int, initially value: Float = 0) {
        precondition(parameterCount >= 0, "a count is not negative")
        self.parameterCount = parameterCount
        if slots > 0 { first = Array(repeating: value, count: parameterCount) }
        if slots > 1 { second = Array(repeating: value, count: parameterCount) }
    }

    /// A state as it was kept in a file.
    /// - Precondition: `second` is empty or as long as `first`.
    public init(step: Int, first: [Float], second: [Float]) {
        precondition(step >= 0 && (second.isEmpty || second.count == first.count), "slots differ in size")
        self.step = step
        parameterCount = first.count
        self.first = first
        self.second = second
    }

    /// The state as it is kept in files.
    var record: StateRecord {
        let tensors = [("first", first), ("second", second)].filter { !$0.1.isEmpty }
        return StateRecord(
            counts: ["step": step], tensors: tensors.map { Tensor($0, shape: [parameterCount], values: $1) })
    }

    /// A state from its record.
    ///
    /// - Throws: `InputError` where something is missing or of another size.
    init(_ record: StateRecord, parameterCount: Int, slots: Int) throws {
        self.init(parameterCount: parameterCount, slots: 0)
        step = try record.count("step")
        let names = ["first", "second"].prefix(parameterCount > 0 ? slots : 0)
        let values = try names.map { try record.tensor($0, shape: [parameterCount]) }
        if values.count > 0 { first = values[0] }
        if values.count > 1 { second = values[1] }
    }

    private func check(_ parameters: borrowing MutableSpan<Float>, _ gradient: Span<Float>) {
        precondition(
            parameters.count == parameterCount && gradient.count == parameterCount,
            "parameters, gradient and state differ in size")
    }
}

// One loop for each number of slots. They are inlined together with their bodies, which makes them vector loops.
extension Slots {
    /// Calls `body(&θ, g)` for each parameter, then counts a step.
    @inline(__always)
    mutating func advance(
        _ parameters: inout MutableSpan<Float>, _ gradient: Span<Float>, _ body: (inout Float, Float) -> Void
    ) {
        check(parameters, gradient)
        unsafe parameters.withUnsafeMutableBufferPointer { theta in
            for i in 0..<theta.count { unsafe body(&theta[i], gradient[unchecked: i]) }
        }
        step += 1
    }

    /// Calls `body(&θ, g, &slot)` for each parameter, then counts a step.
    @inline(__always)
    mutating func advance(
        _ parameters: inout MutableSpan<Float>, _ gradient: Span<Float>,
        _ body: (inout Float, Float, inout Float) -> Void
    ) {
        check(parameters, gradient)
        precondition(first.count == parameterCount, "the state belongs to another optimizer")
        loop(&parameters, gradient, &first, body)
        step += 1
    }

    /// Calls `body(&θ, g, &firstSlot, &secondSlot)` for each parameter, then counts a step.
    @inline(__always)
    mutating func advance(
        _ parameters: inout MutableSpan<Float>, _ gradient: Span<Float>,
        _ body: (inout Float, Float, inout Float, inout Float) -> Void
    ) {
        check(parameters, gradient)
        precondition(
            first.count == parameterCount && second.count == parameterCount, "the state belongs to another optimizer")
        loop(&parameters, gradient, &first, &second, body)
        step += 1
    }
}

// Functions of their own, because spans of two properties cannot be open while `self` is read. The parameters' span is
// opened to a pointer: behind `inout` its address would be loaded again for each element, and the loop stay scalar.
@inline(__always)
private func loop(
    _ parameters: inout MutableSpan<Float>, _ gradient: Span<Float>, _ first: inout [Float],
    _ body: (inout Float, Float, inout Float) -> Void
) {
    unsafe parameters.withUnsafeMutableBufferPointer { theta in
        var first = first.mutableSpan
        for i in 0..<theta.count { unsafe body(&theta[i], gradient[unchecked: i], &first[unchecked: i]) }
    }
}

@inline(__always)
private func loop(
    _ parameters: inout MutableSpan<Float>, _ gradient: Span<Float>, _ first: inout [Float],
    _ second: inout [Float], _ body: (inout Float, Float, inout Float, inout Float) -> Void
) {
    unsafe parameters.withUnsafeMutableBufferPointer { theta in
        var first = first.mutableSpan
        var second = second.mutableSpan
        for i in 0..<theta.count {
            unsafe body(&theta[i], gradient[unchecked: i], &first[unchecked: i], &second[unchecked: i])
        }
    }
}
