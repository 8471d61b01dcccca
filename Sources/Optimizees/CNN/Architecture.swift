extension CNN {
    /// The layers of a CNN, as the paper writes them: `c` a convolution, `p` max pooling, `f` fully connected.
    public struct Architecture: Sendable, Hashable, LosslessStringConvertible {
        /// Each convolution in order: whether pooling follows it.
        let convolutions: [Bool]
        /// Fully connected layers before the last.
        let hiddenLayers: Int

        /// How often rows and columns are halved.
        var poolings: Int { convolutions.count { $0 } }

        /// `c-c-p-f`
        public static let shallow = Architecture(convolutions: [false, true], hiddenLayers: 0)
        /// `c-c-p-c-c-p-f-f`
        public static let deep = Architecture(convolutions: [false, true, false, true], hiddenLayers: 1)

        private init(convolutions: [Bool], hiddenLayers: Int) {
            self.convolutions = convolutions
            self.hiddenLayers = hiddenLayers
        }

        /// Reads such a list; nil unless convolutions, each perhaps with one pooling behind it, come before fully
        /// connected layers, and there are both.
        public init?(_ description: String) {
            var convolutions: [Bool] = []
            var dense = 0
            for letter in description.split(separator: "-", omittingEmptySubsequences: false) {
                switch letter {
                case "c" where dense == 0: convolutions.append(false)
                case "p" where dense == 0 && convolutions.last == false:
                    convolutions[convolutions.count - 1] = true
                case "f" where !convolutions.isEmpty: dense += 1
                default: return nil
                }
            }
            guard dense > 0 else { return nil }
            self.init(convolutions: convolutions, hiddenLayers: dense - 1)
        }

        /// `c-c-p-f`
        public var description: String {
            let letters = convolutions.flatMap { $0 ? ["c", "p"] : ["c"] }
            return (letters + Array(repeating: "f", count: hiddenLayers + 1)).joined(separator: "-")
        }
    }
}
