import COneDNN

/// ReLU, then the largest of each 2 × 2 square, with stride 2; a last odd row or column is left out.
///
/// Both in one pass over the convolution's output, which stays as it is: oneDNN's pooling alone takes several times as
/// long on AVX2.
final class MaxPooling {
    let output: Tensor
    /// The derivative of the loss with respect to `output`; to be filled before `backward`.
    let outputGradient: Tensor

    private let input: Tensor
    private let inputGradient: Tensor
    private let side: Int
    /// Floats that lie together at one place.
    private let depth: Int

    /// - Parameters:
    ///   - side: rows and columns of the input.
    ///   - input: images that oneDNN laid out.
    ///   - inputGradient: where the derivative with respect to `input` goes; laid out as it is.
    init(batch: Int, channels: Int, side: Int, input: Tensor, inputGradient: Tensor, workspace: Workspace) {
        self.input = input
        self.inputGradient = inputGradient
        self.side = side
        depth = input.layout.depth
        let pooled = TensorLayout(images: [batch, channels, side / 2, side / 2], depth: depth)
        output = Tensor(pooled, workspace: workspace)
        outputGradient = Tensor(pooled, workspace: workspace)
    }

    /// Fills `output`; returns whether all that it read was finite.
    func forward() -> Bool {
        depth.isMultiple(of: Lanes.scalarCount) ? forward(Lanes.self) : forward(Float.self)
    }

    /// Fills the gradient of the input.
    /// - Precondition: `forward` ran last.
    func backward() {
        if depth.isMultiple(of: Lanes.scalarCount) { backward(Lanes.self) } else { backward(Float.self) }
    }

    @inline(__always)
    private func forward<Value: Poolable>(_: Value.Type) -> Bool {
        let (source, target) = (input.values(of: Value.self), output.values(of: Value.self))
        // x − x is 0 unless x is infinite or NaN.
        var zeros = Value.zero
        forEachSquare(of: Value.self) { corner, right, below, place in
            let (a, b) = (source[corner], source[corner + right])
            let (c, d) = (source[corner + below], source[corner + below + right])
            zeros = zeros + (((a - a) + (b - b)) + ((c - c) + (d - d)))
            target[place] = Value.larger(Value.larger(Value.larger(a, b), Value.larger(c, d)), .zero)
        }
        return zeros == .zero
    }

    @inline(__always)
    private func backward<Value: Poolable>(_: Value.Type) {
        let (source, target) = (input.values(of: Value.self), inputGradient.values(of: Value.self))
        let (largest, derivatives) = (output.values(of: Value.self), outputGradient.values(of: Value.self))
        forEachSquare(of: Value.self) { corner, right, below, place in
            let largest = largest[place]
            // Each derivative goes to the first that is as large; where ReLU cut, to none.
            var rest = derivatives[place]
            rest = rest - rest.kept(where: largest, equals: .zero)
            for offset in [0, right, below] {
                let own = rest.kept(where: source[corner + offset], equals: largest)
                target[corner + offset] = own
                rest = rest - own
            }
            target[corner + below + right] = rest
        }
    }

    /// Calls `body` with the place of each square's first value, the distances to its right and lower neighbours, and the
    /// place among the pooled values; all count values of that type.
    @inline(__always)
    private func forEachSquare<Value: Poolable>(
        of _: Value.Type, _ body: (_ corner: Int, _ right: Int, _ below: Int, _ place: Int) -> Void
    ) {
        let right = depth * MemoryLayout<Float>.stride / MemoryLayout<Value>.stride
        let below = side * right
        let half = side / 2
        let planes = input.count / (side * side * depth)
        for plane in 0..<planes {
            for row in 0..<half {
                var corner = (plane * side + 2 * row) * below
                var place = (plane * half + row) * half * right
                for _ in 0..<half {
                    for offset in 0..<right { body(corner + offset, right, below, place + offset) }
                    corner += 2 * right
                    place += right
                }
            }
        }
    }
}

/// What one operation of pooling works on.
private protocol Poolable: Equatable {
    static var zero: Self { get }
    static func + (a: Self, b: Self) -> Self
    static func - (a: Self, b: Self) -> Self
    /// The larger of the two, lane by lane.
    static func larger(_ a: Self, _ b: Self) -> Self
    /// 0 except in the lanes where `a` equals `b`.
    func kept(where a: Self, equals b: Self) -> Self
}

extension Float: Poolable {
    @inline(__always)
    fileprivate static func larger(_ a: Float, _ b: Float) -> Float { a < b ? b : a }
    @inline(__always)
    fileprivate func kept(where a: Float, equals b: Float) -> Float { a == b ? self : 0 }
}

extension Lanes: Poolable {
    @inline(__always)
    fileprivate static func larger(_ a: Lanes, _ b: Lanes) -> Lanes { a.replacing(with: b, where: a .< b) }
    @inline(__always)
    fileprivate func kept(where a: Lanes, equals b: Lanes) -> Lanes { replacing(with: 0, where: a .!= b) }
}

extension Tensor {
    fileprivate func values<Value>(of _: Value.Type) -> UnsafeMutablePointer<Value> {
        UnsafeMutableRawPointer(data).assumingMemoryBound(to: Value.self)
    }
}
