import Files
import KernelTypes
import NumericCore
import Optimizers

// The state by tensors whose rows are those of `NetworkLayout`, a column for each coordinate: the same for every
// instruction set and both precisions, so that a file says nothing of blocks and lanes.
extension CoordinatewiseNetwork {
    /// The tensors' names, and the rows of state that each holds.
    private var stateTensors: [(name: String, rows: Range<Int>)] {
        let moments = layout.featureRows > 0 ? [("features", 0..<layout.featureRows)] : []
        return moments
            + (0..<layout.layers).flatMap { layer in
                let c = layout.stateRow(layer: layer)
                let h = c + layout.hidden
                return [("lstm\(layer + 1).c", c..<h), ("lstm\(layer + 1).h", h..<h + layout.hidden)]
            }
    }

    func tensors(of state: NetworkState, kernels: Kernels) -> [Tensor] {
        let places = StatePlaces(layout: layout, precision: state.precision, lanes: kernels.table.lanesPerBlock)
        return state.memory.withPointer { memory in
            stateTensors.map { name, rows in
                let values = rows.flatMap { row in
                    (0..<state.count).map { places.value(UnsafeRawPointer(memory), row: row, coordinate: $0) }
                }
                return Tensor(name, shape: [rows.count, state.count], values: values)
            }
        }
    }

    /// - Throws: `InputError` where a tensor is missing, of another shape, or not to be kept in the state's precision.
    func fill(_ state: inout NetworkState, from record: StateRecord, kernels: Kernels) throws {
        let (count, precision) = (state.count, state.precision)
        let places = StatePlaces(layout: layout, precision: precision, lanes: kernels.table.lanesPerBlock)
        for (name, rows) in stateTensors {
            let values = try record.tensor(name, shape: [rows.count, count])
            state.memory.withMutablePointer { memory in
                for (index, row) in rows.enumerated() {
                    for coordinate in 0..<count {
                        places.set(
                            UnsafeMutableRawPointer(memory), row: row, coordinate: coordinate,
                            to: values[index * count + coordinate])
                    }
                }
            }
        }
    }
}

/// Where a coordinate's rows of state lie in memory.
private struct StatePlaces {
    let layout: NetworkLayout
    let precision: StatePrecision
    let lanes: Int

    private func offset(_ row: Int, _ coordinate: Int) -> (bytes: Int, isHalf: Bool) {
        let (block, lane) = coordinate.quotientAndRemainder(dividingBy: lanes)
        let start = block * lanes * layout.stateBytes(precision)
        guard precision == .half, row >= layout.featureRows else { return (start + 4 * (row * lanes + lane), false) }
        let halves = start + 4 * layout.featureRows * lanes
        return (halves + 2 * ((row - layout.featureRows) * lanes + lane), true)
    }

    func value(_ memory: UnsafeRawPointer, row: Int, coordinate: Int) -> Float {
        let place = offset(row, coordinate)
        guard place.isHalf else { return memory.load(fromByteOffset: place.bytes, as: Float.self) }
        return floatFromHalf(memory.load(fromByteOffset: place.bytes, as: UInt16.self))
    }

    func set(_ memory: UnsafeMutableRawPointer, row: Int, coordinate: Int, to value: Float) {
        let place = offset(row, coordinate)
        if place.isHalf {
            memory.storeBytes(of: halfFromFloat(value), toByteOffset: place.bytes, as: UInt16.self)
        } else {
            memory.storeBytes(of: value, toByteOffset: place.bytes, as: Float.self)
        }
    }
}
