public import KernelTypes

/// What NumericCore calls, once for each instruction set.
public let table = KernelTable(
    lanesPerBlock: Vector.scalarCount, rowsPerFactor: rowsPerFactor, normalizedMoments: kernels(),
    logMagnitude: kernels(),
    gates: GateKernels(
        sum: { sumGates($0, $1, $2) }, look: { lookAtTensors($0, $1, $2, $3) },
        apply: { applyGates($0, $1, $2, $3, $4) },
        differentiate: { differentiateGates($0, $1, $2, $3, $4, $5, $6) }),
    evaluate: evaluate)

/// The kernels of a feature map, compiled for its type. The functions that they call are never inlined here: the compiler
/// takes closures on generic arguments for mere thunks and inlines no C function into them.
@inline(always)
func kernels<Map: FeatureMap>() -> NetworkKernels<Map> {
    NetworkKernels(
        step: { forwardBlocks($0, $1, $2) },
        backward: { backwardBlocks($0, $1) })
}

@Sendable
private func evaluate(_ function: ElementaryFunction, blocks: Int, values: UnsafeMutableRawPointer) {
    let vectors = values.assumingMemoryBound(to: Vector.self)
    for block in 0..<blocks {
        let x = vectors[block]
        vectors[block] =
            switch function {
            case .exp2: exp2(x)
            case .tanh: tanh(x)
            case .elu: elu(x)
            case .log: log(x)
            case .log2: log2(x)
            }
    }
}
