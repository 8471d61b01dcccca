import Files
public import NumericCore
import Platform

/// The processes of a group share the jobs of a meta-batch: each runs its part of them on its threads.
///
/// Results come together in the order of the jobs and are summed in it, so that every bit of a training is the same for
/// any number of processes. The first process keeps the files.
public struct GroupExecutor: MetaBatchExecutor {
    private let group: any ProcessGroup

    /// - Parameter group: the processes; each has an executor of its own and makes the same calls.
    public init(_ group: any ProcessGroup) { self.group = group }

    public var isWriter: Bool { group.rank == 0 }

    public func results<Result: MetaBatchResult>(
        _ count: Int, _ job: @escaping @Sendable (Int) -> Result
    ) -> [Result] {
        let own = own(count, job)
        return joined(own, group.gatherAll(packed(own.map(\.bytes))))
    }

    public func writersResults<Result: MetaBatchResult>(
        _ count: Int, _ job: @escaping @Sendable (Int) -> Result
    ) -> [Result] {
        let own = own(count, job)
        let parcels = group.gather(packed(own.map(\.bytes)))
        return isWriter ? joined(own, parcels) : []
    }

    private func own<Result: MetaBatchResult>(
        _ count: Int, _ job: @escaping @Sendable (Int) -> Result
    ) -> [Result] {
        let share = group.share(of: count)
        return ThreadExecutor().results(share.count) { job(share.lowerBound + $0) }
    }

    private func joined<Result: MetaBatchResult>(_ own: [Result], _ parcels: [[UInt8]]) -> [Result] {
        parcels.enumerated().flatMap { rank, parcel in
            rank == group.rank ? own : unpacked(parcel).map(Result.init(bytes:))
        }
    }

    public func fromWriter(_ read: () throws -> [UInt8]) rethrows -> [UInt8] {
        group.broadcast(isWriter ? try read() : [])
    }

    public func isWanted(_ wish: Bool) -> Bool { group.gatherAll([wish ? 1 : 0]).contains([1]) }

    public func agree(on facts: () throws -> [SharedFact]) throws {
        let facts = try facts()
        let host = Host.name ?? "an unnamed machine"
        let own = packed(([host] + facts.flatMap { [$0.name, $0.value] }).map { Array($0.utf8) })
        let all = group.gatherAll(own).map { unpacked($0).map { String(decoding: $0, as: UTF8.self) } }
        for (rank, theirs) in all.enumerated().dropFirst() where theirs.dropFirst() != all[0].dropFirst() {
            throw difference(facts, all[0], theirs, rank)
        }
    }

    private func difference(
        _ facts: [SharedFact], _ first: [String], _ theirs: [String], _ rank: Int
    ) -> InputError {
        let place = zip(first, theirs).enumerated().dropFirst().first { $1.0 != $1.1 }?.offset
        guard let place, place.isMultiple(of: 2), first.count == theirs.count else {
            return InputError(
                "rank \(rank) on \(theirs[0])", "does other things than rank 0 on \(first[0])",
                advice: "run the same version with the same arguments everywhere")
        }
        let fact = facts.first { $0.name == first[place - 1] }
        return InputError(
            "rank \(rank) on \(theirs[0])",
            "has \(first[place - 1]) = \(shortened(theirs[place])), not \(shortened(first[place])) as rank 0 on "
                + first[0],
            advice: fact?.advice ?? "run the same version with the same arguments everywhere")
    }

    private func shortened(_ text: String) -> String {
        text.count <= 80 ? text : text.prefix(77) + "…"
    }
}
