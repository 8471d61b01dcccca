import NumericCore

/// A square of pixels that remembers how far each is from the nearest line drawn.
///
/// Distances count from the line's edge in pixels, negative inside it; from them comes antialiased ink.
struct DigitCanvas {
    let side: Int
    private var distances: [Float]

    /// Beyond this distance from its edge a line leaves no ink.
    private static let reach: Float = 0.8

    init(side: Int) {
        self.side = side
        distances = [Float](repeating: Self.reach, count: side * side)
    }

    mutating func clear() {
        for index in distances.indices { distances[index] = Self.reach }
    }

    /// Draws a line through the points, each piece as wide as its ends say.
    mutating func draw(_ path: [PenPoint]) {
        for index in 1..<path.count { draw(from: path[index - 1], to: path[index]) }
    }

    private mutating func draw(from start: PenPoint, to end: PenPoint) {
        let margin = max(start.radius, end.radius) + Self.reach
        let columns = pixels(start.place.x, end.place.x, margin)
        let rows = pixels(start.place.y, end.place.y, margin)
        let along = end.place - start.place
        let inverseLength = 1 / max((along * along).sum(), 1e-6)
        let growth = end.radius - start.radius
        for row in rows {
            for column in columns {
                let offset = SIMD2(Float(column) + 0.5, Float(row) + 0.5) - start.place
                let fraction = min(max((offset * along).sum() * inverseLength, 0), 1)
                let away = offset - fraction * along
                let distance = (away * away).sum().squareRoot() - start.radius - fraction * growth
                let index = row * side + column
                distances[index] = min(distances[index], distance)
            }
        }
    }

    /// The rows or columns that a piece of line can reach.
    private func pixels(_ one: Float, _ other: Float, _ margin: Float) -> Range<Int> {
        let limit = Float(side)
        let low = min(max(min(one, other) - margin, 0), limit)
        let high = min(max(max(one, other) + margin, 0), limit)
        return Int(low)..<Int(high.rounded(.up))
    }

    /// Writes the picture: `brightness` where there is ink, softly falling to 0 at its edge, with the grain of a
    /// camera, at most `noise` and mostly dark; cut to 0 … 1 and rounded to whole 255ths, as a file of bytes
    /// would hold it.
    func develop(
        into pixels: UnsafeMutablePointer<UInt8>, brightness: Float, noise: Float, stream: inout RandomStream
    ) {
        let softness = 1 / (2 * Self.reach)
        var bits: UInt32 = 0
        for index in distances.indices {
            bits = index % 2 == 0 ? stream.nextWord() : bits >> 16
            // The difference of two bytes, shifted so that seven pixels of paper in eight stay black.
            let grain = Float(Int32(bits & 0xFF) - Int32(bits >> 8 & 0xFF) - 128) * 0x1p-7
            let ink = min(max((Self.reach - distances[index]) * softness, 0), 1)
            // Smooth at both ends, as a pen's edge under a camera is.
            let soft = ink * ink * (3 - 2 * ink)
            let value = min(max(brightness * soft + noise * grain, 0), 1)
            pixels[index] = UInt8(value * 255 + 0.5)
        }
    }
}
