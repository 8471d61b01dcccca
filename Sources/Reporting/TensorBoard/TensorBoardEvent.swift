import Files

/// One record of a TensorBoard event file: a message of TensorFlow's `event.proto` in the frame of a TFRecord.
public struct TensorBoardEvent: Sendable, Equatable {
    /// A named number of one step.
    public struct Scalar: Sendable, Equatable {
        /// The chart's name; what stands before a slash is its group.
        public let tag: String
        /// Its value; TensorBoard marks what is not finite.
        public let value: Double

        /// A named number.
        public init(_ tag: String, _ value: Double) {
            self.tag = tag
            self.value = value
        }
    }

    /// What the event says.
    public enum Content: Sendable, Equatable {
        /// The first record of every file.
        case fileVersion
        /// From here on the run is written afresh: what earlier files say of this step and later ones is void.
        case restart
        /// Points of charts.
        case scalars([Scalar])
    }

    /// When it happened, in seconds since 1970.
    public let wallTime: Double
    /// Its place on the charts' axis.
    public let step: Int
    /// What it says.
    public let content: Content

    /// An event.
    public init(wallTime: Double, step: Int, _ content: Content) {
        self.wallTime = wallTime
        self.step = step
        self.content = content
    }

    /// The message `tensorflow.Event`.
    package var message: [UInt8] {
        var event = ProtobufMessage()
        event.add(1, wallTime)
        if step != 0 { event.add(2, Int64(step)) }
        switch content {
        case .fileVersion: event.add(3, "brain.Event:2")
        case .restart:
            var log = ProtobufMessage()
            // SessionLog.status = START
            log.add(1, Int64(1))
            event.add(7, log)
        case .scalars(let scalars):
            var summary = ProtobufMessage()
            for scalar in scalars {
                var value = ProtobufMessage()
                value.add(1, scalar.tag)
                value.add(2, Float(scalar.value))
                summary.add(1, value)
            }
            event.add(5, summary)
        }
        return event.bytes
    }

    /// The record: the message's length and its checksum, the message and its checksum.
    package var record: [UInt8] {
        let message = message
        let length = littleEndianBytes(UInt64(message.count))
        return length + littleEndianBytes(CRC32C.masked(length))
            + message + littleEndianBytes(CRC32C.masked(message))
    }
}
