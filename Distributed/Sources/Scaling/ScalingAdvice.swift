extension ScalingModel {
    /// The cores that so many ranks have.
    public func cores(ranks: Int) -> Int {
        let hosts = (ranks + ranksPerHost - 1) / ranksPerHost
        let needed = ranks * threads
        return coresPerHost == .max ? needed : min(needed, hosts * coresPerHost)
    }

    public func efficiency(ranks: Int, updates: Int = 200) -> Double {
        update(ranks: ranks, updates: updates).efficiency(cores: cores(ranks: ranks))
    }

    /// What costs most of what is lost, and what would bring it back.
    public func advice(ranks: Int, atLeast wanted: Double = 0.9) -> String {
        let cores = cores(ranks: ranks)
        if efficiency(ranks: ranks) >= wanted { return "nothing" }
        if metaBatch < cores {
            return "a meta-batch of at least \(cores): there are fewer tasks than cores"
        }
        var steady = self
        steady.stragglers = 0
        if stragglers > 0, steady.efficiency(ranks: ranks) >= wanted {
            return "leave stragglers out, or let updates be asynchronous: every update waits for the slowest rank"
        }
        let time = steady.update(ranks: ranks)
        if time.exchange > (1 - wanted) / 2 * time.seconds {
            return "an evolution strategy, whose scores are short, or a faster network: results travel too long"
        }
        if time.serial > (1 - wanted) / 2 * time.seconds {
            return "fewer ranks, or longer periods: each rank sums all results"
        }
        var larger = steady
        while larger.metaBatch < 64 * metaBatch {
            larger.metaBatch *= 2
            if larger.efficiency(ranks: ranks, updates: 50) >= wanted {
                return "a meta-batch of \(larger.metaBatch): tasks differ, and more of them even out"
            }
        }
        return "asynchronous updates: tasks differ too much even for a meta-batch of \(larger.metaBatch)"
    }
}
