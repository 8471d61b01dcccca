import Files
import Foundation
import LearnedOptimizers
import NumericCore
import Optimizers
import Testing

@Suite("States of learned optimizers in files") struct StateRecordTests {
    private static let counts = [0, 1, 15, 16, 17, 65]

    @Test(
        "A run that is continued from a file has the bits of one that was not",
        arguments: RuleRegister.all.map(\.name))
    func continues(_ rule: String) throws {
        let learned = try RuleRegister.named(rule).type.init(key: RandomKey(seed: 1))
        try check(learned)
        if let compact = learned as? any CompactStateOffering { try check(compact.withSmallState) }
        guard let choosing = learned as? any KernelChoosing else { return }
        for kernels in Kernels.all { try check(choosing.with(kernels: kernels)) }
    }

    private func check<O: Optimizer>(_ optimizer: O) throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).safetensors")
            .path
        defer { try? FileManager.default.removeItem(atPath: path) }
        for count in Self.counts {
            let layout = ParameterLayout([ParameterShape("w", [count])])
            var stream = RandomStream(RandomKey(seed: 2))
            let gradients = (0..<12).map { _ in (0..<count).map { _ in stream.normal() } }
            var (whole, state) = ([Float](repeating: 0, count: count), optimizer.initialState(for: layout))
            for row in gradients[..<5] { optimizer.update(&whole, gradient: row, loss: 1, state: &state) }
            try optimizer.save(state, for: layout, to: path)
            var (parts, loaded) = (whole, try optimizer.loadState(path: path, for: layout))
            for row in gradients[5...] {
                optimizer.update(&whole, gradient: row, loss: 1, state: &state)
                optimizer.update(&parts, gradient: row, loss: 1, state: &loaded)
            }
            #expect(parts == whole, "\(optimizer.name), \(count) parameters")
            #expect(optimizer.record(loaded) == optimizer.record(state))
        }
    }

    @Test("Kernels of one instruction set go on with the state that another's left")
    func acrossKernels() throws {
        let layout = ParameterLayout(count: 37)
        var stream = RandomStream(RandomKey(seed: 3))
        let gradient = (0..<37).map { _ in stream.normal() }
        let records = try Kernels.available.map { kernels in
            let first = RNNprop(key: RandomKey(seed: 1), kernels: .selected)
            let second = first.with(kernels: kernels)
            var parameters = [Float](repeating: 0, count: 37)
            var state = first.initialState(for: layout)
            first.update(&parameters, gradient: gradient, state: &state)
            var taken = try second.state(from: first.record(state), for: layout)
            #expect(second.record(taken) == first.record(state))
            second.update(&parameters, gradient: gradient, state: &taken)
            return second.record(taken)
        }
        for record in records.dropFirst() {
            for (tensor, other) in zip(record.tensors, records[0].tensors) {
                #expect(zip(tensor.values, other.values).allSatisfy { abs($0 - $1) < 1e-6 })
            }
        }
    }

    @Test("Half precision: every pattern of bits comes back, and rounding goes to the nearest")
    func halves() {
        for bits in UInt16.min...UInt16.max where bits & 0x7C00 != 0x7C00 || bits & 0x3FF == 0 {
            #expect(halfFromFloat(floatFromHalf(bits)) == bits)
        }
        #expect(floatFromHalf(halfFromFloat(.nan)).isNaN)
        #expect(halfFromFloat(65_519) == 0x7BFF && halfFromFloat(65_520) == 0x7C00)
        #expect(halfFromFloat(1 + 0x1p-11) == 0x3C00 && halfFromFloat(1 + 0x3p-11) == 0x3C02)
        #expect(halfFromFloat(0x1p-25) == 0 && halfFromFloat(0x3p-25) == 2)
    }
}
