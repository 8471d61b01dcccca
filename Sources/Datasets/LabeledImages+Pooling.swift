extension LabeledImages {
    /// The same images with fewer pixels: each the mean of a square of `factor × factor`.
    ///
    /// - Precondition: images are square, of one colour, with a side that is a multiple of `factor`.
    public func pooled(by factor: Int) -> LabeledImages {
        let side = Self.side(pixelsPerImage)
        precondition(canBePooled(by: factor), "images of \(side ?? 0) × \(side ?? 0) cannot be pooled by \(factor)")
        guard factor > 1, let side else { return self }
        let (small, share) = (side / factor, 1 / Float(factor * factor))
        var values = [Float](repeating: 0, count: count * small * small)
        for image in 0..<count {
            let pixels = pixels(of: image..<image + 1)
            for row in 0..<side {
                for column in 0..<side {
                    values[(image * small + row / factor) * small + column / factor] +=
                        share * pixels[row * side + column]
                }
            }
        }
        return LabeledImages(pixels: values, labels: labels, pixelsPerImage: small * small, classes: classes)
    }

    /// Whether `pooled(by:)` can be asked for.
    public func canBePooled(by factor: Int) -> Bool {
        guard factor > 0, let side = Self.side(pixelsPerImage) else { return false }
        return side % factor == 0
    }

    /// The side of a square of so many pixels; nil where there is none.
    private static func side(_ pixels: Int) -> Int? {
        let side = Int(Double(pixels).squareRoot())
        return side * side == pixels ? side : nil
    }
}

extension ImageSplit {
    /// Both parts with fewer pixels; see `LabeledImages.pooled(by:)`. Held-out images are pooled when they are asked for.
    public func pooled(by factor: Int) -> ImageSplit {
        guard factor > 1 else { return self }
        return ImageSplit(
            training: training.pooled(by: factor),
            heldOut: heldOut.map { heldOut in
                HeldOutImages(named: "\(heldOut.fingerprint)/pool\(factor)") { heldOut.images.pooled(by: factor) }
            })
    }
}
