import Files
public import NumericCore
public import Optimizees
public import Optimizers
import Platform

/// The processes of a group share the runs that are wanted: each computes every so-manieth, and all get all of them.
///
/// Each process has a performer of its own and asks for the same.
public struct GroupRuns: RunPerformer {
    private let group: any ProcessGroup

    /// - Parameter group: the processes.
    public init(_ group: any ProcessGroup) { self.group = group }

    /// - Throws: `CancellationError` where any process is cancelled; `InputError` where one is asked for other runs.
    public func perform(_ requests: [RunRequest], meter: ProgressMeter) throws -> [Run] {
        let own = requests.indices.filter { $0 % group.count == group.rank }
        let runs = parallelMap(own.count) { Run.perform(requests[own[$0]], meter: meter) }.compactMap(\.self)
        let isComplete = runs.count == own.count
        let parcel = [Array(digest(requests).utf8), [isComplete ? 1 : 0]] + (isComplete ? runs.map(\.bytes) : [])
        let parcels = group.gatherAll(packed(parcel)).map(unpacked)
        if let other = parcels.firstIndex(where: { $0[0] != parcels[0][0] }) {
            throw InputError(
                "rank \(other)", "is asked for other runs than rank 0",
                advice: "run the same version with the same arguments, data and kernels everywhere")
        }
        guard parcels.allSatisfy({ $0[1] == [1] }) else { throw CancellationError() }
        for index in requests.indices where index % group.count != group.rank { meter.complete(requests[index].work) }
        return requests.indices.map { index in
            let (rank, place) = (index % group.count, index / group.count)
            return rank == group.rank ? runs[place] : Run(bytes: parcels[rank][2 + place])
        }
    }

    /// Measured by the first process, while the others wait.
    public func timing(
        of optimizer: any Optimizer, on optimizee: any Optimizee, steps: Int, isCancelled: () -> Bool
    ) throws -> StepTiming {
        var own: [UInt64] = []
        if group.rank == 0 {
            let timing = try StepTiming.measure(optimizer, on: optimizee, steps: steps, isCancelled: isCancelled)
            own = [timing.stepMilliseconds.bitPattern, timing.updateMilliseconds.bitPattern]
        }
        let values = littleEndianNumbers(group.broadcast(littleEndianBytes(own))).map(Double.init(bitPattern:))
        return StepTiming(stepMilliseconds: values[0], updateMilliseconds: values[1])
    }

    /// What is asked for, with everything that decides what comes of it.
    private func digest(_ requests: [RunRequest]) -> String {
        var digest = Digest()
        digest.add(Kernels.selected.name)
        for request in requests {
            digest.add(request.optimizer.name)
            digest.add(request.optimizee.name)
            digest.add(request.optimizee.dataFingerprint ?? "")
            for word in [UInt64(request.steps), request.seed, UInt64(request.problem), request.scoresHeldOut ? 1 : 0]
            {
                digest.add(word)
            }
        }
        return digest.text
    }
}

extension Run {
    /// As a run travels between processes.
    var bytes: [UInt8] {
        let heldOut = heldOut.map { [$0.loss] + ($0.accuracy.map { [$0] } ?? []) } ?? []
        return packed([
            littleEndianBytes([
                finalLoss.bitPattern, seconds.bitPattern, UInt64(bitPattern: Int64(divergedStep ?? -1)),
            ]),
            littleEndianBytes(losses.map(\.bitPattern)), littleEndianBytes(heldOut.map(\.bitPattern)),
            [finalParameters == nil ? 0 : 1],
            littleEndianBytes((finalParameters ?? []).map(\.bitPattern)),
        ])
    }

    /// - Precondition: the bytes are those of a run.
    init(bytes: [UInt8]) {
        let parts = unpacked(bytes)
        func floats(_ part: [UInt8]) -> [Float] { littleEndianNumbers(part).map(Float.init(bitPattern:)) }
        let numbers = littleEndianNumbers(parts[0], of: UInt64.self)
        let step = Int(Int64(bitPattern: numbers[2]))
        let heldOut = littleEndianNumbers(parts[2]).map(Double.init(bitPattern:))
        self.init(
            losses: floats(parts[1]), finalLoss: Double(bitPattern: numbers[0]),
            ending: step < 0 ? .finished : .diverged(step: step),
            heldOut: heldOut.first.map { HeldOut(loss: $0, accuracy: heldOut.count > 1 ? heldOut[1] : nil) },
            finalParameters: parts[3] == [1] ? floats(parts[4]) : nil, seconds: Double(bitPattern: numbers[1]))
    }
}
