/// What an update of meta-training takes on many ranks: measured times of tasks, dealt out and replayed.
///
/// An update ends when its slowest rank has run its share and all results have travelled. Each rank meets its tasks one
/// after another on each of its threads; a straggler is a rank that is slower than the others for one update.
public struct ScalingModel: Sendable {
    /// Seconds of a task's period, as measured; replayed in random order.
    public var taskSeconds: [Double]
    /// Seconds of an update that every rank spends alone, for each task: its result's part in the sum.
    public var secondsPerResult: Double
    /// Bytes of a task's result.
    public var bytesPerResult: Double
    /// Seconds until a message of no length arrives, and bytes a second.
    public var latency: Double
    public var bandwidth: Double
    /// Tasks of an update.
    public var metaBatch: Int
    /// Threads of each rank.
    public var threads = 1
    /// Ranks that share a machine, and its cores: ranks that have to share cores are slower.
    public var ranksPerHost = 1
    public var coresPerHost = Int.max
    /// The probability that a rank is a straggler in an update, and how many times as long it then takes.
    public var stragglers = 0.0
    public var slowdown = 1.0

    public init(
        taskSeconds: [Double], secondsPerResult: Double, bytesPerResult: Double, latency: Double, bandwidth: Double,
        metaBatch: Int
    ) {
        precondition(!taskSeconds.isEmpty && metaBatch > 0, "there are tasks, and times of some")
        self.taskSeconds = taskSeconds
        self.secondsPerResult = secondsPerResult
        self.bytesPerResult = bytesPerResult
        self.latency = latency
        self.bandwidth = bandwidth
        self.metaBatch = metaBatch
    }

    /// Seconds that results take to reach every rank: as many rounds as the number of ranks has binary digits, and all
    /// bytes but a rank's own through its line.
    public func exchangeSeconds(ranks: Int) -> Double {
        guard ranks > 1 else { return 0 }
        var rounds = 0
        while 1 << rounds < ranks { rounds += 1 }
        let share = Double(ranks - 1) / Double(ranks)
        // Lengths first, then results.
        return 2 * latency * Double(rounds) + share * bytesPerResult * Double(metaBatch) / bandwidth
    }

    /// The mean over some updates.
    public func update(ranks: Int, updates: Int = 200, seed: UInt64 = 1) -> UpdateTime {
        var random = SplitMix(state: seed)
        var (total, work) = (0.0, 0.0)
        for _ in 0..<updates {
            let tasks = (0..<metaBatch).map { _ in taskSeconds[Int(random.next() % UInt64(taskSeconds.count))] }
            work += tasks.reduce(0, +)
            var slowest = 0.0
            for host in stride(from: 0, to: ranks, by: ranksPerHost) {
                slowest = max(slowest, hostSeconds(host..<min(host + ranksPerHost, ranks), of: ranks, tasks, &random))
            }
            total += slowest
        }
        let exchange = exchangeSeconds(ranks: ranks)
        let serial = secondsPerResult * Double(metaBatch)
        return UpdateTime(
            ranks: ranks, seconds: total / Double(updates) + exchange + serial, exchange: exchange, serial: serial,
            work: work / Double(updates) + serial)
    }

    /// When the last of a machine's ranks is done: none before its own longest thread, all not before the machine's
    /// cores have done all work.
    private func hostSeconds(
        _ hosted: Range<Int>, of ranks: Int, _ tasks: [Double], _ random: inout SplitMix
    ) -> Double {
        var (longest, sum) = (0.0, 0.0)
        for rank in hosted {
            let factor = stragglers > 0 && random.uniform() < stragglers ? slowdown : 1
            let own = tasks[rank * metaBatch / ranks..<(rank + 1) * metaBatch / ranks]
            var lines = [Double](repeating: 0, count: threads)
            // The next task goes to the thread that is free first.
            for task in own {
                var place = 0
                for line in lines.indices where lines[line] < lines[place] { place = line }
                lines[place] += task * factor
            }
            longest = max(longest, lines.max() ?? 0)
            sum += lines.reduce(0, +)
        }
        return max(longest, sum / Double(coresPerHost))
    }
}

/// What an update takes.
public struct UpdateTime: Sendable, Equatable {
    public let ranks: Int
    public let seconds: Double
    /// Of these, what results take to travel, and what every rank does alone.
    public let exchange: Double
    public let serial: Double
    /// What one core alone would take.
    public let work: Double

    /// How much of the cores' time is work: 1 where an update takes as many times less as there are cores.
    public func efficiency(cores: Int) -> Double { work / (seconds * Double(cores)) }
}

/// Numbers for the replay (Steele, Lea and Flood 2014, *Fast splittable pseudorandom number generators*).
struct SplitMix: Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    mutating func uniform() -> Double { Double(next() >> 11) / Double(1 << 53) }
}
