import NumericCore
public import Optimizers

/// A guard around some rule, whichever it is: for hosts that step on tensors where they lie, with forms of their own of the
/// two rules.
public protocol Guarding: Optimizer {
    associatedtype Base: Optimizer
    associatedtype Fallback: Optimizer
    /// The rule that is watched.
    var base: Base { get }
    /// What takes over.
    var fallback: Fallback { get }
}

extension GuardedOptimizer: Guarding {}

/// Tensors that moved since parameters were kept may be given back at any call: then one that sits the call out moves too.
extension GuardedOptimizer: ScatteredOptimizer where Base: ScatteredOptimizer, Fallback: ScatteredOptimizer {
    public func update(tensors: [TensorPlace], loss: Float?, state: inout State) {
        func keep() {
            guard !state.kept.isComplete else { return }
            for (index, tensor) in tensors.enumerated() where tensor.gradient != nil {
                state.kept.note(index, tensor.parameters)
            }
        }
        var sight = GuardSight(loss: loss)
        if state.looksAtGradient { sight.gradient = largestMagnitude(tensors, state.kept.counts) }
        switch state.decide(sight) {
        case .takeBack:
            for (index, tensor) in tensors.enumerated() { state.kept.restore(index, tensor.parameters) }
        case .rule:
            keep()
            base.update(tensors: tensors, loss: loss, state: &state.base)
        case .fallback(let isLast):
            fallback.update(tensors: tensors, loss: loss, state: &state.fallback)
            if isLast { keep() }
        case .nothing: break
        }
    }

    /// The largest magnitude in all gradients.
    private func largestMagnitude(_ tensors: [TensorPlace], _ counts: [Int]) -> Float {
        let piece = 1 << 15
        var pieces: [UnsafeBufferPointer<Float>] = []
        pieces.reserveCapacity(tensors.count)
        for (tensor, count) in zip(tensors, counts) {
            guard let gradient = tensor.gradient else { continue }
            for start in stride(from: 0, to: count, by: piece) {
                pieces.append(UnsafeBufferPointer(start: gradient + start, count: min(piece, count - start)))
            }
        }
        let groups = groups(of: pieces.map(\.count), upTo: piece)
        // Threads read disjoint pieces.
        nonisolated(unsafe) let all = pieces
        let sizes = parallelMap(groups.count) { group in
            // What is not a number is larger than all else, which is not how floats compare.
            groups[group].map { LearnedOptimizers.largestMagnitude(all[$0]).bitPattern }.max() ?? 0
        }
        return Float(bitPattern: sizes.max() ?? 0)
    }
}
