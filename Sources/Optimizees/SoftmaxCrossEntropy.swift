import NumericCore

/// Softmax cross-entropy, the mean over a minibatch whose examples run along the vector lanes.
struct SoftmaxCrossEntropy {
    let classes: Int
    let batchSize: Int
    /// The distance between two classes' logits, whole lanes and at least `batchSize`.
    let stride: Int
    private let sums: UnsafeMutablePointer<Float>

    init(classes: Int, batchSize: Int, stride: Int, workspace: Workspace) {
        self.classes = classes
        self.batchSize = batchSize
        self.stride = stride
        sums = workspace.floats(stride)
    }

    /// The mean of log Σ eᶻ − z_label. Leaves e^(z − max) of each example in `logits`, `classes × stride`.
    ///
    /// Subtracting the largest logit keeps every exponential at or below 1, so huge logits do no harm; infinite
    /// ones give NaN.
    func loss(_ logits: UnsafeMutablePointer<Float>, labels: [UInt8]) -> Float {
        subtractMaximum(logits)
        var total = 0.0
        for example in 0..<batchSize {
            total -= Double(logits[Int(labels[example]) * stride + example])
        }
        exponentiate(logits)
        for example in 0..<batchSize { total += log(Double(sums[example])) }
        return Float(total / Double(batchSize))
    }

    /// The summed loss of the first `count` examples, and how many have their largest logit at their label: the first
    /// of equal ones, and none where one is NaN. Leaves `logits` as they are.
    func score(_ logits: UnsafePointer<Float>, labels: [UInt8], count: Int) -> (loss: Double, right: Int) {
        var total = 0.0
        var right = 0
        for example in 0..<count {
            var largest = 0
            for label in 1..<classes where logits[label * stride + example] > logits[largest * stride + example] {
                largest = label
            }
            let shift = Double(logits[largest * stride + example])
            var sum = 0.0
            for label in 0..<classes { sum += exp(Double(logits[label * stride + example]) - shift) }
            let loss = log(sum) + shift - Double(logits[Int(labels[example]) * stride + example])
            total += loss
            if !loss.isNaN && largest == Int(labels[example]) { right += 1 }
        }
        return (total, right)
    }

    /// Turns what `loss` left behind into the gradient of the mean loss with respect to the logits.
    func gradient(_ exponentials: UnsafeMutablePointer<Float>, labels: [UInt8]) {
        let share = 1 / Float(batchSize)
        for offset in Swift.stride(from: 0, to: stride, by: Lanes.scalarCount) {
            let factor = share / sums[lanes: offset]
            for label in 0..<classes {
                exponentials[lanes: label * stride + offset] *= factor
            }
        }
        for example in 0..<batchSize {
            exponentials[Int(labels[example]) * stride + example] -= share
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
