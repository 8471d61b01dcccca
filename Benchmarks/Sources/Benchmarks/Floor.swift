import LearnedOptimizers

/// The time that the multiply-adds alone would take at the rate of oneDNN's sgemm.
///
/// What is left out is most of what a kernel does besides: activations, features, traffic to memory.
struct Floor {
    /// Multiply-adds a second, by number of threads.
    var rates: [Int: Double]

    /// Multiply-adds of one coordinate's forward step.
    ///
    /// A layer multiplies its inputs and its own previous output, 20 each, with four gates of 20 units. RNNprop
    /// projects two features on 20 units first; DMoptimizer's first layer reads the two features. Both end in a
    /// read-out of 20. Gateprop's ten features go to 16 units, and these to six outputs.
    static func forward(_ optimizer: String) -> Double? {
        switch optimizer {
        case "rnnprop", Workload.halfState, Workload.bfloat16: 2 * 20 + 40 * 80 + 40 * 80 + 20
        case "dm": 22 * 80 + 40 * 80 + 20
        case Gateprop.kind, Workload.guarded: 10 * 16 + 16 * 6
        default: nil
        }
    }

    /// Seconds of a job: a step's forward pass, or a meta-iteration's forward and reverse sweep, twice as much again.
    /// - Parameter recomputes: whether the reverse sweep computes the forward pass a second time, as ours does, in
    ///   place of keeping every gate of 20 steps.
    func seconds(_ job: Job, recomputes: Bool = false) -> Double? {
        guard let single = rates[job.threads], let forward = Self.forward(job.optimizer) else { return nil }
        // An instruction that multiplies in bfloat16 has twice the products.
        let rate = job.optimizer == Workload.bfloat16 ? 2 * single : single
        switch job.operation {
        case .step: return recomputes ? nil : forward * Double(job.parameters) / rate
        case .metaIteration:
            let steps = Double(20 * job.periods * Suite.paperCoordinates)
            return forward * (recomputes ? 4 : 3) * steps / rate
        case .sgemm, .gradient: return nil
        }
    }

    /// Multiply-adds of a product of two square matrices.
    static func multiplyAdds(rows: Int) -> Double { Double(rows) * Double(rows) * Double(rows) }
}
