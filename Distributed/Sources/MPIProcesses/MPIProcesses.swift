import CMPI
public import L2OCommands

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The processes that `mpirun` started.
///
/// MPI ends all of them where one is lost, so that no call fails. Calls come from one thread at a time.
public struct MPIProcesses: CommandGroup {
    public let rank: Int
    public let count: Int

    /// Joins the others; to be called once, before anything else.
    public init() {
        // MPI's own threads would end the process at a signal that the command waits for.
        var (signals, before) = (sigset_t(), sigset_t())
        sigemptyset(&signals)
        for number in [SIGINT, SIGTERM] { sigaddset(&signals, number) }
        pthread_sigmask(SIG_BLOCK, &signals, &before)
        cmpi_init()
        pthread_sigmask(SIG_SETMASK, &before, nil)
        rank = Int(cmpi_rank())
        count = Int(cmpi_count())
    }

    public func abort(_ exitCode: Int32) -> Never {
        cmpi_abort(exitCode)
        exit(exitCode)
    }

    public func finish() { cmpi_finish() }

    // MARK: Exchange

    public func gatherAll(_ bytes: [UInt8]) -> [[UInt8]] {
        let lengths = lengths(bytes.count)
        let total = lengths.reduce(0, +)
        guard total <= Int(Int32.max) else {
            return lengths.enumerated().map { root, length in
                var part = root == rank ? bytes : [UInt8](repeating: 0, count: length)
                broadcast(&part, from: root)
                return part
            }
        }
        let places = lengths.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
        let all = [UInt8](unsafeUninitializedCapacity: total) { all, filled in
            cmpi_gather_all(
                bytes, Int32(bytes.count), all.baseAddress, lengths.map { Int32($0) },
                places.dropLast().map { Int32($0) })
            filled = total
        }
        return lengths.indices.map { Array(all[places[$0]..<places[$0 + 1]]) }
    }

    public func gather(_ bytes: [UInt8]) -> [[UInt8]] {
        let lengths = lengths(bytes.count)
        guard rank == 0 else {
            bytes.withUnsafeBufferPointer { bytes in
                inPieces(bytes.count) { cmpi_send(bytes.baseAddress! + $0, $1, 0) }
            }
            return []
        }
        return lengths.enumerated().map { other, length in
            guard other > 0 else { return bytes }
            var part = [UInt8](repeating: 0, count: length)
            part.withUnsafeMutableBufferPointer { part in
                inPieces(length) { cmpi_receive(part.baseAddress! + $0, $1, Int32(other)) }
            }
            return part
        }
    }

    public func broadcast(_ bytes: [UInt8]) -> [UInt8] {
        let length = lengths(bytes.count)[0]
        var all = rank == 0 ? bytes : [UInt8](repeating: 0, count: length)
        broadcast(&all, from: 0)
        return all
    }

    private func broadcast(_ bytes: inout [UInt8], from root: Int) {
        bytes.withUnsafeMutableBufferPointer { bytes in
            inPieces(bytes.count) { cmpi_broadcast(bytes.baseAddress! + $0, $1, Int32(root)) }
        }
    }

    private func lengths(_ own: Int) -> [Int] {
        var lengths = [Int64](repeating: 0, count: count)
        cmpi_gather_lengths(Int64(own), &lengths)
        return lengths.map { Int($0) }
    }

    /// Pieces of so many bytes, each with its place and length: MPI counts in 32 bits.
    private func inPieces(_ count: Int, _ body: (_ place: Int, _ length: Int32) -> Void) {
        let longest = 1 << 26
        for place in stride(from: 0, to: count, by: longest) { body(place, Int32(min(longest, count - place))) }
    }
}
