import Optimizers
public import Reporting

extension Explanation {
    /// What was found, and the tensors of the real run, for a terminal.
    ///
    /// - Parameters:
    ///   - width: the terminal's columns.
    ///   - style: what it can show.
    public func text(width: Int = TerminalStyle.columns, style: TerminalStyle = .standardOutput) -> String {
        let width = min(max(width, 60), 100)
        let heading = "\(label), \(stateBytesPerParameter) bytes of state a parameter"
        let findings = parts.map { "\($0.title). \($0.finding)" } + ["Symmetry. \(symmetry)"]
        let paragraphs = findings.map { wrapped(spelled($0, style), width: width).joined(separator: "\n") }
        let run = wrapped(runText, width: width).joined(separator: "\n")
        let table = tensorTable().text.fitting(width, dropping: ["shape", "cosine"]).text(style: style)
        return "\(heading)\n\n\(paragraphs.joined(separator: "\n"))\n\n\(run)\n\n\(table)"
    }

    /// The real run in a sentence.
    public var runText: String {
        let (first, last) = (run.losses.first ?? .nan, run.losses.last ?? .nan)
        let ends = "the minibatch loss went from \(numberText(first)) to \(numberText(last))"
        return "On \(run.optimizee), \(countText(run.losses.count)) steps: \(ends)."
    }

    /// One row for each tensor of the real run.
    public func tensorTable() -> DataTable {
        DataTable(
            [
                .init("tensor", "tensor", isNumeric: false), .init("shape", "shape", isNumeric: false),
                .init("rate at first", "rate_at_first", help: "‖Δθ‖ / ‖g‖ of the first step"),
                .init("rate at last", "rate_at_last", help: "the same, mean over the last fifth of the steps"),
                .init("step at last", "step_at_last", help: "RMS(Δθ), mean over the last fifth of the steps"),
                .init("cosine", "cosine", help: "−cos(Δθ, g), mean over all steps: 1 is straight down"),
            ],
            rows: run.tensors.map { tensor in
                DataTable.Row([
                    DataTable.Cell(tensor.shape.name), DataTable.Cell(Self.shapeText(tensor)),
                    .number(tensor.rates.first), .number(tensor.lateRate), .number(tensor.lateSize),
                    .number(tensor.meanCosine, digits: 2),
                ])
            })
    }

    private static func shapeText(_ tensor: TensorRates.Tensor) -> String {
        tensor.shape.dimensions.map(String.init).joined(separator: " × ")
    }
}

/// What findings contain beyond ASCII, spelled out where only that can be shown.
private func spelled(_ text: String, _ style: TerminalStyle) -> String {
    let words: [Character: String] = ["−": "-", "Δ": "d", "θ": "theta", "∞": "inf", "–": "-"]
    return style.unicode ? text : text.map { words[$0] ?? String($0) }.joined()
}

/// A count as `12,500`.
func countText(_ count: Int) -> String { numberText(Double(count), digits: 15, trimsZeros: true) }

/// A ratio for sentences, in three digits.
func ratioText(_ ratio: Double) -> String { numberText(ratio, digits: 3, trimsZeros: true) }
