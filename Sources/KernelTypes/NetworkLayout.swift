/// How the state of LSTM layers is kept between steps. Steps are computed in single precision either way.
public enum StatePrecision: Sendable, Hashable {
    /// 32 bits.
    case single
    /// 16 bits, of IEEE 754's binary16: about three decimal digits.
    case half
}

/// The shape of a coordinatewise network and where its numbers lie in memory.
///
/// The features of a coordinate pass an optional ELU projection, a stack of LSTM layers and a linear read-out
/// (Lv et al. 2017, section 4). All offsets count floats; `lanes` is the number of coordinates in one block.
///
/// - *Packed weights*, read by the forward kernels: for each projected unit its bias and a weight for each feature;
///   for each layer, unit and then input row (the bias first) the four gates i, j, f, o; for each output the read-out
///   weights and the bias.
///   Gate weights are scaled so that their sum is the exponent of 2 that the activation needs.
///   Kernels that multiply in bfloat16 want two input rows' weights in one word, the first in its low half.
/// - *Gradients* have the same order, unscaled.
/// - *Transposed weights*, read by the backward kernels: for each layer and group of four input rows, for each
///   gate row `unit · 4 + gate`, four weights.
/// - *State*, per block of lanes: the feature map's rows, then c and h of each layer.
public struct NetworkLayout: Sendable, Hashable {
    /// Features of a coordinate.
    public let features: Int
    /// Outputs of the read-out.
    public let outputs: Int
    /// Units of each LSTM layer.
    public let hidden: Int
    /// LSTM layers.
    public let layers: Int
    /// Units of the ELU projection; 0 where features enter the first layer directly.
    public let projection: Int
    /// Rows of state that the feature map keeps.
    public let featureRows: Int
    /// Whether the outputs pass tanh.
    public let tanhOutput: Bool

    /// A network on the features of a map, whose outputs that map makes an update of.
    public init<Map: FeatureConstants>(_: Map.Type, hidden: Int, layers: Int, projection: Int, tanhOutput: Bool) {
        self.init(
            features: Map.features, outputs: Map.outputs, hidden: hidden, layers: layers, projection: projection,
            featureRows: Map.stateRows, tanhOutput: tanhOutput)
    }

    public init(
        features: Int, outputs: Int, hidden: Int, layers: Int, projection: Int, featureRows: Int, tanhOutput: Bool
    ) {
        precondition(features > 0 && outputs > 0 && hidden > 0 && layers > 0, "sizes are positive")
        precondition(projection >= 0 && featureRows >= 0, "sizes are not negative")
        self.features = features
        self.outputs = outputs
        self.hidden = hidden
        self.layers = layers
        self.projection = projection
        self.featureRows = featureRows
        self.tanhOutput = tanhOutput
    }

    /// Whether the map writes the features that this network reads, and takes its outputs.
    public func fits<Map: FeatureConstants>(_: Map.Type) -> Bool {
        features == Map.features && outputs == Map.outputs && featureRows == Map.stateRows
    }

    /// Values that enter a layer from below.
    public func inputs(layer: Int) -> Int {
        layer > 0 ? hidden : (projection > 0 ? projection : features)
    }

    /// Rows that enter a layer's matrix: its inputs and its own previous output.
    public func rows(layer: Int) -> Int { inputs(layer: layer) + hidden }

    // MARK: Weights in order, and their gradients

    /// Floats of a projected unit.
    public var projectionUnitSize: Int { 1 + features }

    /// Floats of the projection, with which the weights begin.
    public var projectionSize: Int { projection * projectionUnitSize }

    /// Where a layer begins.
    public func layerOffset(_ layer: Int) -> Int { (0..<layer).reduce(projectionSize) { $0 + layerSize($1) } }

    /// Floats of a layer.
    public func layerSize(_ layer: Int) -> Int { hidden * 4 * (1 + rows(layer: layer)) }

    /// Where the read-out begins.
    public var readoutOffset: Int { layerOffset(layers) }

    /// Floats of one output of the read-out.
    public var outputSize: Int { hidden + 1 }

    /// Where an output begins.
    public func outputOffset(_ output: Int) -> Int { readoutOffset + output * outputSize }

    /// All weights.
    public var weightCount: Int { readoutOffset + outputs * outputSize }

    // MARK: Packed weights

    /// Words of a layer where so many rows share one.
    public func packedLayerSize(_ layer: Int, rowsPerFactor: Int) -> Int {
        hidden * 4 * (1 + (rows(layer: layer) + rowsPerFactor - 1) / rowsPerFactor)
    }

    /// Where a layer begins; the read-out for `layers`.
    public func packedOffset(_ layer: Int, rowsPerFactor: Int) -> Int {
        (0..<layer).reduce(projectionSize) { $0 + packedLayerSize($1, rowsPerFactor: rowsPerFactor) }
    }

    // MARK: Transposed weights

    /// The first input row whose gradient the backward pass needs: raw features need none.
    public func firstTransposedRow(layer: Int) -> Int {
        layer == 0 && projection == 0 ? features : 0
    }

    /// Groups of four input rows of a layer in the transposed weights.
    public func transposedGroups(layer: Int) -> Int {
        (rows(layer: layer) - firstTransposedRow(layer: layer) + 3) / 4
    }

    /// Where a layer begins; all words for `layers`. Units have four gates, so that nothing is left over.
    public func transposedOffset(_ layer: Int, rowsPerFactor: Int) -> Int {
        (0..<layer).reduce(0) { $0 + transposedGroups(layer: $1) * 16 * hidden / rowsPerFactor }
    }

    // MARK: State and scratch, in rows of one block

    /// Rows of state of one block.
    public var stateRows: Int { featureRows + layers * 2 * hidden }

    /// Bytes of state of one coordinate: the feature map's rows are always single precision.
    public func stateBytes(_ precision: StatePrecision) -> Int {
        switch precision {
        case .single: 4 * stateRows
        case .half: 4 * featureRows + 2 * (stateRows - featureRows)
        }
    }

    /// The row of a layer's c; its h follows.
    public func stateRow(layer: Int) -> Int { featureRows + layer * 2 * hidden }

    /// Rows that a forward step without a tape needs: those of its largest layer, then the block's state unpacked.
    public var forwardScratchRows: Int { unpackedStateRow + stateRows }

    /// Where the state of a block stands that is kept in half precision.
    public var unpackedStateRow: Int {
        tapeRow(layer: 0) + max(tapeRows(layer: 0), tapeRows(layer: layers - 1))
    }

    /// Rows that a recorded step keeps for a layer: inputs, the four gates of each unit, c, tanh c.
    public func tapeRows(layer: Int) -> Int { rows(layer: layer) + 6 * hidden }

    /// Where the outputs begin in a recorded step: after the features.
    public var outputRow: Int { features }

    /// Where a layer begins in a recorded step: after the features and the outputs.
    public func tapeRow(layer: Int) -> Int {
        (0..<layer).reduce(features + outputs) { $0 + tapeRows(layer: $1) }
    }

    /// Rows of one recorded step: the layers, then the last layer's h.
    public var tapeRowsPerStep: Int { tapeRow(layer: layers) + hidden }

    /// Rows for the factors of one product, where they are not the rows themselves: over rows at one step, over a
    /// period's steps for all rows and gates of a layer.
    public func factorRows(steps: Int, rowsPerFactor: Int) -> Int {
        guard rowsPerFactor > 1 else { return 0 }
        let most = (0..<layers).map { rows(layer: $0) + 4 * hidden }.max() ?? 0
        return most * ((steps + rowsPerFactor - 1) / rowsPerFactor)
    }

    /// Rows that the reverse sweep needs besides the tape: ∂c and ∂h of each layer, the outputs' gradients, one layer's
    /// input gradients (in whole groups of four), a copy of the block's state, and the sums over blocks.
    public var reverseRows: Int { laneSumRow + laneSumRows }

    /// Where the outputs' gradients begin in those rows, after ∂c and ∂h of each layer.
    public var outputGradientRow: Int { layers * 2 * hidden }

    /// Where the input gradients begin.
    public var inputGradientRow: Int { outputGradientRow + outputs }

    /// Where the copy of the block's state begins.
    public var replayedStateRow: Int {
        inputGradientRow + ((0..<layers).map { 4 * transposedGroups(layer: $0) }.max() ?? 0)
    }

    /// Where the gradients begin that are summed lane by lane over all blocks of a call: those of the projection, of
    /// each layer's biases and of the read-out, in the order of the packed weights.
    public var laneSumRow: Int { replayedStateRow + stateRows }

    /// Rows of those sums.
    public var laneSumRows: Int { biasSum(layer: layers) + outputs * outputSize }

    /// Where a layer's bias sums begin among them, unit by unit, and the read-out's for `layers`.
    public func biasSum(layer: Int) -> Int { projectionSize + layer * 4 * hidden }
}
