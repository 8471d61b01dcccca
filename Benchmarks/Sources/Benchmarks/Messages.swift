/// What a worker is to measure: the first line it reads.
///
/// Workers are processes of their own, ours and the peers' alike. Each reads a line of JSON and answers with one, until
/// its input ends: `{"prepare": …}` once, then `{"measure": …}` as often as the harness likes.
struct Job: Codable, Sendable, Hashable {
    /// What is timed.
    enum Operation: String, Codable, Sendable {
        /// A task drawn and optimized for `periods` periods, with a step on the weights after each.
        case metaIteration = "meta-iteration"
        /// One update of `parameters` parameters.
        case step
        /// The loss and gradient of a minibatch of 128.
        case gradient
        /// A product of two square matrices of `parameters` rows.
        case sgemm
    }

    var operation: Operation
    /// `rnnprop`, `dm` or `adam`; for a gradient the optimizee; empty where there is none.
    var optimizer = ""
    /// Which of a peer's forms, see `Peer`.
    var form = ""
    var parameters = 0
    var periods = 0
    var threads = 1
}

/// A line that a worker reads.
enum Request: Encodable {
    case prepare(Job)
    /// Run the operation this often, one after the other, and time each.
    case measure(operations: Int)

    private enum Key: String, CodingKey { case prepare, measure }
    private enum MeasureKey: String, CodingKey { case operations }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .prepare(let job):
            try container.encode(job, forKey: .prepare)
        case .measure(let operations):
            var inner = container.nestedContainer(keyedBy: MeasureKey.self, forKey: .measure)
            try inner.encode(operations, forKey: .operations)
        }
    }
}

extension Request: Decodable {
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        if let job = try container.decodeIfPresent(Job.self, forKey: .prepare) {
            self = .prepare(job)
        } else {
            let inner = try container.nestedContainer(keyedBy: MeasureKey.self, forKey: .measure)
            self = .measure(operations: try inner.decode(Int.self, forKey: .operations))
        }
    }
}

/// A line that a worker answers.
struct Answer: Codable, Sendable {
    /// Why the job cannot be done; nothing else is then given.
    var error: String?
    /// Who answers, as `PyTorch 2.15.0`; given after `prepare`.
    var name: String?
    /// Each operation's duration, in order; after `prepare`, those that warmed up.
    var seconds: [Double]?
    /// The most memory that the process ever held.
    var peakBytes: Int?
    /// The same without what it held when only parameters and gradient were there.
    var ownBytes: Int?
}
