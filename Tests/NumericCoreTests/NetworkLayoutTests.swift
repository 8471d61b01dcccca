import KernelTypes
import Testing

/// Ranges that follow one another from 0, and where the last one ends.
private func endOfTiling(_ ranges: [(start: Int, count: Int)]) -> Int? {
    var end = 0
    for (start, count) in ranges {
        guard start == end, count >= 0 else { return nil }
        end += count
    }
    return end
}

@Suite struct NetworkLayoutTests {
    static let layouts = [1, 2, 3, 5].flatMap { features in
        [1, 2, 3].flatMap { outputs in
            [(0, 1), (0, 3), (4, 1), (7, 2)].map { projection, layers in
                NetworkLayout(
                    features: features, outputs: outputs, hidden: 7, layers: layers, projection: projection,
                    featureRows: features - 1, tanhOutput: false)
            }
        }
    }

    @Test("Weights lie one after another, the packed ones too", arguments: layouts)
    func weights(layout: NetworkLayout) {
        let layers = 0..<layout.layers
        let readout = (0..<layout.outputs).map { (layout.outputOffset($0), 7 + 1) }
        #expect(
            endOfTiling(
                [(0, layout.projection * (layout.features + 1))]
                    + layers.map { (layout.layerOffset($0), layout.layerSize($0)) } + readout)
                == layout.weightCount)
        let inputs = layout.projection > 0 ? layout.projection : layout.features
        #expect(layout.layerSize(0) == 4 * 7 * (1 + inputs + 7))
        #expect(layers.allSatisfy { layout.packedOffset($0, rowsPerFactor: 1) == layout.layerOffset($0) })
        #expect(layout.packedOffset(layout.layers, rowsPerFactor: 1) == layout.readoutOffset)
        #expect(
            endOfTiling(
                [(0, layout.projectionSize)]
                    + layers.map {
                        (layout.packedOffset($0, rowsPerFactor: 2), layout.packedLayerSize($0, rowsPerFactor: 2))
                    }) == layout.packedOffset(layout.layers, rowsPerFactor: 2))
    }

    @Test("A recorded step's rows lie one after another", arguments: layouts)
    func tape(layout: NetworkLayout) {
        #expect(
            endOfTiling(
                [(0, layout.features), (layout.outputRow, layout.outputs)]
                    + (0..<layout.layers).map { (layout.tapeRow(layer: $0), layout.tapeRows(layer: $0)) }
                    + [(layout.tapeRow(layer: layout.layers), 7)])
                == layout.tapeRowsPerStep)
        // Without a tape all layers share the place of the largest.
        for layer in 0..<layout.layers {
            #expect(layout.tapeRow(layer: 0) + layout.tapeRows(layer: layer) <= layout.unpackedStateRow)
        }
    }

    @Test("What the reverse sweep carries lies one after another", arguments: layouts)
    func reverse(layout: NetworkLayout) {
        let inputGradients = (0..<layout.layers).map { 4 * layout.transposedGroups(layer: $0) }.max()!
        #expect(
            endOfTiling([
                (0, layout.layers * 2 * 7), (layout.outputGradientRow, layout.outputs),
                (layout.inputGradientRow, inputGradients), (layout.replayedStateRow, layout.stateRows),
                (layout.laneSumRow, layout.laneSumRows),
            ]) == layout.reverseRows)
        #expect(
            endOfTiling(
                [(0, layout.projectionSize)] + (0..<layout.layers).map { (layout.biasSum(layer: $0), 4 * 7) }
                    + [(layout.biasSum(layer: layout.layers), layout.outputs * (7 + 1))])
                == layout.laneSumRows)
    }

    @Test("Raw features get no gradient, a projection's outputs do", arguments: layouts)
    func transposed(layout: NetworkLayout) {
        for layer in 0..<layout.layers {
            let rows = layout.rows(layer: layer) - (layer == 0 && layout.projection == 0 ? layout.features : 0)
            #expect((rows...rows + 3).contains(4 * layout.transposedGroups(layer: layer)))
        }
    }

    @Test("A layout says which maps it is for")
    func maps() {
        let layout = NetworkLayout(NormalizedMoments.self, hidden: 20, layers: 2, projection: 20, tanhOutput: true)
        #expect(layout.fits(NormalizedMoments.self) && !layout.fits(LogMagnitude.self))
        #expect(layout.weightCount == 6641 && layout.stateBytes(.single) == 328 && layout.stateBytes(.half) == 168)
    }
}
