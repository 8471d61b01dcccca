import Platform

/// Softmax cross-entropy of examples that run along the vector lanes.
struct SoftmaxCrossEntropy {
    let classes: Int
    /// The distance between two classes' logits, whole lanes and at least the number of examples.
    let stride: Int
    private let sums: UnsafeMutablePointer<Float>

    init(classes: Int, stride: Int, workspace: Workspace) {
        self.classes = classes
        self.stride = stride
        sums = workspace.floats(stride)
    }

    /// The weighted sum of log Σ eᶻ − z_label. Leaves e^(z − max) of each example in `logits`, `classes × stride`.
    ///
    /// Subtracting the largest logit keeps every exponential at or below 1, so huge logits do no harm; infinite
    /// ones give NaN.
    func loss(_ logits: UnsafeMutablePointer<Float>, _ examples: Examples) -> Double {
        subtractMaximum(logits)
        var total = 0.0
        for example in 0..<examples.count {
            total -= examples.weights[example] * Double(logits[Int(examples.labels[example]) * stride + example])
        }
        exponentiate(logits)
        for example in 0..<examples.count { total += examples.weights[example] * log(Double(sums[example])) }
        return total
    }

    /// The summed loss, and how many have their largest logit at their label: the first of equal ones, and none where one
    /// is NaN. Leaves `logits` as they are.
    func score(_ logits: UnsafePointer<Float>, _ examples: Examples) -> (loss: Double, right: Int) {
        var total = 0.0
        var right = 0
        for example in 0..<examples.count {
            let own = Int(examples.labels[example])
            var largest = 0
            for label in 1..<classes where logits[label * stride + example] > logits[largest * stride + example] {
                largest = label
            }
            let shift = Double(logits[largest * stride + example])
            var sum = 0.0
            for label in 0..<classes { sum += exp(Double(logits[label * stride + example]) - shift) }
            let loss = log(sum) + shift - Double(logits[own * stride + example])
            total += loss
            if !loss.isNaN && largest == own { right += 1 }
        }
        return (total, right)
    }

    /// Turns what `loss` left behind into the gradient of the losses' sum times `share` with respect to the logits.
    func gradient(_ exponentials: UnsafeMutablePointer<Float>, _ examples: Examples, share: Float) {
        for offset in Swift.stride(from: 0, to: stride, by: Lanes.scalarCount) {
            let factor = share / sums[lanes: offset]
            for label in 0..<classes {
                exponentials[lanes: label * stride + offset] *= factor
            }
        }
        for example in 0..<examples.count {
            exponentials[Int(examples.labels[example]) * stride + example] -= share
        }
    }

    private func subtractMaximum(_ logits: UnsafeMutablePointer<Float>) {
        for offset in Swift.stride(from: 0, to: stride, by: Lanes.scalarCount) {
            var largest = logits[lanes: offset]
            for label in 1..<classes {
                let other = logits[lanes: label * stride + offset]
                largest.replace(with: other, where: other .> largest)
            }
            for label in 0..<classes { logits[lanes: label * stride + offset] -= largest }
        }
    }

    private func exponentiate(_ logits: UnsafeMutablePointer<Float>) {
        for offset in Swift.stride(from: 0, to: stride, by: Lanes.scalarCount) {
            var sum = Lanes.zero
            for label in 0..<classes {
                let power = exponential(logits[lanes: label * stride + offset])
                logits[lanes: label * stride + offset] = power
                sum += power
            }
            sums[lanes: offset] = sum
        }
    }
}
