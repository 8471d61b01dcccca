import Foundation
import KernelTypes
import NumericCore
import Testing

/// The function's values at `inputs`, by one instruction set.
private func values(_ function: ElementaryFunction, _ inputs: [Float], _ kernels: Kernels) -> [Float] {
    let lanes = kernels.table.lanesPerBlock
    let blocks = (inputs.count + lanes - 1) / lanes
    var memory = AlignedFloats(count: blocks * lanes)
    return memory.withMutablePointer { pointer in
        for (index, input) in inputs.enumerated() { pointer[index] = input }
        kernels.table.evaluate(function, blocks, UnsafeMutableRawPointer(pointer))
        return inputs.indices.map { pointer[$0] }
    }
}

/// Floats of every sign, exponent and many fractions, and more where the functions bend.
private let finite: [Float] = {
    let patterns = stride(from: UInt32(0), to: 0xFFFF_E000, by: 8191).map(Float.init(bitPattern:))
    let dense = (-100_000...100_000).map { Float($0) * 0.000_45 }
    return patterns.filter(\.isFinite) + dense + [-0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude]
        + [Float.leastNormalMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude]
}()

@Suite struct ElementaryFunctionTests {
    private func expectWithin(
        _ bound: Double, _ function: ElementaryFunction, _ inputs: [Float],
        _ error: (_ value: Double, _ input: Double) -> Double
    ) {
        for kernels in Kernels.available {
            var worst = (error: 0.0, input: Float(0))
            for (input, value) in zip(inputs, values(function, inputs, kernels)) {
                let found = error(Double(value), Double(input))
                // Written so that NaN counts as wrong.
                if !(found <= worst.error) { worst = (found, input) }
            }
            #expect(worst.error < bound, "\(kernels.name): off by \(worst.error) at \(worst.input)")
        }
    }

    @Test("2ˣ within 2.5e-7 of itself, from clamp to clamp")
    func exponential() {
        expectWithin(2.5e-7, .exp2, finite) { value, x in
            abs(value / Foundation.exp2(min(max(x, -40), 40)) - 1)
        }
    }

    @Test("tanh within 2e-7")
    func hyperbolicTangent() {
        expectWithin(2e-7, .tanh, finite) { value, x in abs(value - Foundation.tanh(x)) }
    }

    @Test("ELU within 3e-7")
    func elu() {
        expectWithin(3e-7, .elu, finite) { value, x in abs(value - (x > 0 ? x : Foundation.expm1(x))) }
    }

    @Test("ln within 2e-7 of the larger of itself and 1")
    func logarithm() {
        expectWithin(2e-7, .log, finite.filter { $0 >= .leastNormalMagnitude }) { value, x in
            let expected = Foundation.log(x)
            return abs(value - expected) / max(abs(expected), 1)
        }
    }

    @Test("log₂ within 4e-7 of the larger of itself and 1")
    func binaryLogarithm() {
        expectWithin(4e-7, .log2, finite.filter { $0 >= .leastNormalMagnitude }) { value, x in
            let expected = Foundation.log2(x)
            return abs(value - expected) / max(abs(expected), 1)
        }
    }

    @Test("Infinities reach the limits")
    func infinities() {
        for kernels in Kernels.available {
            #expect(values(.exp2, [.infinity, -.infinity], kernels) == [0x1p40, 0x1p-40])
            #expect(values(.tanh, [.infinity, -.infinity], kernels) == [1, -1])
            #expect(values(.elu, [.infinity, -.infinity], kernels) == [.infinity, -1])
        }
    }

    @Test("Zeros and the smallest numbers give the value at 0")
    func zeros() {
        let tiny: [Float] = [0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, 0x1p-127, -0x1p-127]
        for kernels in Kernels.available {
            #expect(values(.exp2, tiny, kernels) == tiny.map { _ in 1 })
            #expect(values(.tanh, tiny, kernels) == tiny.map { _ in 0 })
            #expect(values(.elu, tiny, kernels) == tiny.map { max($0, 0) })
            #expect(values(.log, [1], kernels) == [0])
            #expect(values(.log2, [1, 2, 0.25], kernels) == [0, 1, -2])
        }
    }

    @Test("NaN stays NaN", arguments: [ElementaryFunction.exp2, .tanh, .elu])
    func nan(function: ElementaryFunction) {
        let infinity = Float.infinity
        for kernels in Kernels.available {
            let result = values(function, [.nan, -.nan, infinity - infinity, 0 * infinity], kernels)
            #expect(result.allSatisfy { $0.isNaN }, "\(kernels.name): \(result)")
        }
    }
}
