import CL2O
import NumericCore
import Optimizers

// What callers pass, checked before anything is done with it.

func required<Pointer>(_ pointer: Pointer?, _ name: String) throws -> Pointer {
    guard let pointer else { throw Failure.argument("\(name) is NULL") }
    return pointer
}

/// Pointers to no tensors may be null.
private func required<Pointer>(_ pointer: Pointer?, _ name: String, count: Int) throws -> Pointer? {
    count == 0 ? pointer : try required(pointer, name)
}

/// Writes a number of a handle's optimizer where a caller wants it.
func write(
    _ place: UnsafeMutablePointer<Int64>?, _ name: String, of handle: UInt64, _ number: (Holder) throws -> Int
) throws {
    let place = try required(place, name)
    place.pointee = Int64(try number(Handles.holder(handle)))
}

/// Writes bytes to a caller's buffer.
func write(
    _ bytes: [UInt8], _ buffer: UnsafeMutableRawPointer?, _ capacity: Int64, _ size: UnsafeMutablePointer<Int64>?
) throws {
    try required(size, "size").pointee = Int64(bytes.count)
    guard capacity >= bytes.count else {
        throw Failure(
            code: L2O_BUFFER_TOO_SMALL, message: "the buffer has room for \(capacity) bytes of \(bytes.count)")
    }
    if !bytes.isEmpty { try required(buffer, "buffer").copyMemory(from: bytes, byteCount: bytes.count) }
}

/// Writes a text and a zero to a caller's buffer.
func write(
    _ text: String, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int64, _ size: UnsafeMutablePointer<Int64>?
) throws {
    try write(Array(text.utf8) + [0], UnsafeMutableRawPointer(buffer), capacity, size)
}

/// The tensors that `l2o_create` is told of.
func readLayout(
    _ tensors: Int64, _ ranks: UnsafePointer<Int32>?, _ dimensions: UnsafePointer<Int64>?,
    _ names: UnsafePointer<UnsafePointer<CChar>?>?
) throws -> ParameterLayout {
    guard (0...1 << 24).contains(tensors) else { throw Failure.argument("tensors is \(tensors); give 0 to 2^24") }
    let ranks = try required(ranks, "ranks", count: Int(tensors))
    var (shapes, next, total) = ([ParameterShape](), 0, 0)
    for index in 0..<Int(tensors) {
        let rank = Int(ranks![index])
        guard (0...64).contains(rank) else {
            throw Failure.argument("tensor \(index) has the rank \(rank); give 0 to 64")
        }
        var (sizes, count) = ([Int](), 1)
        for axis in 0..<rank {
            let size = Int(try required(dimensions, "dimensions")[next + axis])
            // The product of the others has to fit as well, even where one is 0.
            let (product, overflow) = count.multipliedReportingOverflow(by: max(size, 1))
            guard size >= 0, !overflow, product <= 1 << 40 else {
                throw Failure.argument("tensor \(index) has the dimension \(size) at \(axis): it cannot be so large")
            }
            count = product
            sizes.append(size)
        }
        next += rank
        total += sizes.reduce(1, *)
        guard total <= 1 << 40 else { throw Failure.argument("the tensors have more than 2^40 elements together") }
        let name = try names.map { String(cString: try required($0[index], "a name")) } ?? String(index)
        shapes.append(ParameterShape(name, sizes))
    }
    return ParameterLayout(shapes)
}

/// Bytes of a state, blocks that are filled up and tables included.
func stateBytes(of layout: ParameterLayout, _ optimizer: any Optimizer) throws -> Int {
    let padded = layout.shapes.reduce(0) { $0 + ($1.count + 15) / 16 * 16 }
    let (bytes, overflow) = padded.multipliedReportingOverflow(by: optimizer.stateBytesPerParameter + 8)
    guard !overflow else {
        throw Failure(code: L2O_OUT_OF_MEMORY, message: "the state of \(padded) parameters fits no memory")
    }
    return bytes + 512 * layout.shapes.count
}

/// What a step was told.
struct StepOptions {
    private(set) var stepScales: UnsafePointer<Float>?
    private(set) var decays: UnsafePointer<Float>?
    private(set) var loss: Float?

    init(_ options: UnsafePointer<l2o_step_options>?) throws {
        guard let options else { return }
        // A program of a later interface may know of more; what it then asks for would not be done.
        guard options.pointee.size == MemoryLayout<l2o_step_options>.size else {
            throw Failure.argument("options.size is \(options.pointee.size); set it to sizeof(l2o_step_options)")
        }
        (stepScales, decays) = (options.pointee.step_scales, options.pointee.decays)
        loss = options.pointee.loss?.pointee
    }
}

/// Where the tensors of a step lie.
func readPlaces(
    _ layout: ParameterLayout, _ parameters: UnsafePointer<UnsafeMutablePointer<Float>?>?,
    _ gradients: UnsafePointer<UnsafePointer<Float>?>?, _ options: StepOptions
) throws -> [TensorPlace] {
    let count = layout.shapes.count
    guard let parameters = try required(parameters, "parameters", count: count),
        let gradients = try required(gradients, "gradients", count: count)
    else { return [] }
    return try (0..<count).map { index in
        let scale = options.stepScales?[index] ?? 1
        let decay = options.decays?[index] ?? 0
        guard scale >= 0, scale.isFinite else {
            throw Failure.argument("the step scale of tensor \(index) is \(scale); give a finite one of at least 0")
        }
        guard (0...1).contains(decay) else {
            throw Failure.argument("the decay of tensor \(index) is \(decay); give a number from 0 to 1")
        }
        guard let values = parameters[index] else {
            // An empty tensor may lie nowhere.
            guard layout.shapes[index].count == 0 else {
                throw Failure.argument("the parameters of tensor \(index) are NULL")
            }
            return TensorPlace(parameters: nowhere, gradient: nil)
        }
        let gradient = gradients[index]
        guard isAligned(values), gradient.map(isAligned) ?? true else {
            throw Failure.argument("tensor \(index) is not aligned to 4 bytes")
        }
        return TensorPlace(parameters: values, gradient: gradient, stepScale: scale, keep: 1 - decay)
    }
}

nonisolated(unsafe) private let nowhere = UnsafeMutablePointer<Float>.allocate(capacity: 1)

private func isAligned(_ pointer: UnsafePointer<Float>) -> Bool { Int(bitPattern: pointer) % 4 == 0 }
private func isAligned(_ pointer: UnsafeMutablePointer<Float>) -> Bool { Int(bitPattern: pointer) % 4 == 0 }
