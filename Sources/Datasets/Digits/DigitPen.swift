import NumericCore

/// One pen point: where, and how thick the line is there.
struct PenPoint {
    var place: SIMD2<Float>
    var radius: Float
}

/// How one writer deforms a skeleton, drawn at random.
///
/// Skeleton points in the unit box go through a smooth elastic field, then through an affine map to pixels.
struct DigitPen {
    /// Displacement waves: direction and size, wave vector, phase.
    private var waves: [(amplitude: SIMD2<Float>, frequency: SIMD2<Float>, phase: Float)]
    private var rowX: SIMD2<Float>
    private var rowY: SIMD2<Float>
    private var centre: SIMD2<Float>
    private var radius: Float
    private var taper: Float
    private var taperPhase: Float

    init(side: Float, stream: inout RandomStream) {
        waves = (0..<5).map { index in
            // Slow waves bend the whole digit, faster ones move its parts by less.
            let speed: Float = index < 3 ? 3 : 6
            let size: Float = index < 3 ? 0.048 : 0.016
            return (
                size * SIMD2(stream.normal(), stream.normal()), speed * SIMD2(stream.normal(), stream.normal()),
                stream.uniform(in: 0...(2 * .pi))
            )
        }
        let angle = 0.13 * stream.normal()
        let shear = 0.19 * stream.normal() + 0.08
        let height = side * stream.uniform(in: 0.58...0.76)
        let width = height * stream.uniform(in: 0.65...1)
        let (sine, cosine) = (sin(angle), cos(angle))
        rowX = SIMD2(cosine * width, (-cosine * shear - sine) * height)
        rowY = SIMD2(sine * width, (-sine * shear + cosine) * height)
        let shift = SIMD2(stream.normal(), stream.normal()) * (0.039 * side)
        let bound = SIMD2(repeating: 0.1 * side)
        centre = SIMD2(repeating: side / 2) + shift.clamped(lowerBound: -bound, upperBound: bound)
        radius = side / 28 * stream.uniform(in: 0.8...1.7)
        taper = stream.uniform(in: 0...0.35)
        taperPhase = stream.uniform(in: 0...(2 * .pi))
    }

    /// The pen's way over the paper for one stroke, in pixels.
    func path(of stroke: Stroke) -> [PenPoint] {
        var path: [PenPoint] = []
        let points = stroke.points
        let steps = stroke.isCurved ? 5 : 4
        path.reserveCapacity((points.count - 1) * steps + 1)
        for segment in 0..<(points.count - 1) {
            for step in 0..<steps {
                let fraction = Float(step) / Float(steps)
                path.append(
                    deformed(stroke.isCurved ? spline(points, segment, fraction) : chord(points, segment, fraction)))
            }
        }
        path.append(deformed(points[points.count - 1]))
        return path
    }

    private func deformed(_ point: SIMD2<Float>) -> PenPoint {
        var moved = point
        for wave in waves {
            moved += wave.amplitude * sin((wave.frequency * point).sum() + wave.phase)
        }
        let local = moved - SIMD2(repeating: 0.5)
        let place = SIMD2((rowX * local).sum(), (rowY * local).sum()) + centre
        return PenPoint(
            place: place, radius: radius * (1 + taper * sin(3 * point.x + 4 * point.y + taperPhase)))
    }
}

private func chord(_ points: [SIMD2<Float>], _ segment: Int, _ fraction: Float) -> SIMD2<Float> {
    points[segment] + fraction * (points[segment + 1] - points[segment])
}

/// Catmull and Rom's spline, which repeats the end points; a closed stroke goes round instead.
private func spline(_ points: [SIMD2<Float>], _ segment: Int, _ fraction: Float) -> SIMD2<Float> {
    let last = points.count - 1
    let isClosed = points[0] == points[last]
    let before = segment > 0 ? points[segment - 1] : points[isClosed ? last - 1 : 0]
    let after = segment + 2 <= last ? points[segment + 2] : points[isClosed ? 1 : last]
    let (from, to) = (points[segment], points[segment + 1])
    let startSlope = 0.5 * (to - before)
    let endSlope = 0.5 * (after - from)
    let (t, t2) = (fraction, fraction * fraction)
    let t3 = t2 * t
    let ends = (2 * t3 - 3 * t2 + 1) * from + (3 * t2 - 2 * t3) * to
    return ends + (t3 - 2 * t2 + t) * startSlope + (t3 - t2) * endSlope
}
