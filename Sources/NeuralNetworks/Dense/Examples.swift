/// What is known of the examples that a network looks at.
package struct Examples {
    /// How many of them count; behind them may be others.
    package var count: Int
    /// The class of each.
    package var labels: [UInt8]
    /// What the loss of each is multiplied by.
    package var weights: [Double]

    /// Room for `capacity` examples that weigh 1, none of which counts yet.
    package init(capacity: Int) {
        count = 0
        labels = Array(repeating: 0, count: capacity)
        weights = Array(repeating: 1, count: capacity)
    }
}
