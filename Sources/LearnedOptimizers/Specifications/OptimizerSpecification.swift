import Files
import Optimizers

/// An optimizer as a user writes it.
///
/// - `adam`, `adam:lr=2^-5,beta1=0.9`: a hand-designed one, see `OptimizerCatalogue`;
/// - `adam:lr=sweep`, `adam:lr=sweep,epsilon=1e-8|1e-12`: one whose learning rate is to be searched for, or the best of
///   several;
/// - `rnnprop`, `rnnprop-paper`: learned weights that are shipped;
/// - `runs/mine/best.safetensors`: a file of learned weights;
/// - `rnnprop:state=half`, `FILE:state=half,factors=bfloat16`: either with options, those of `LearnedOption.all`.
///
///     let optimizer = try OptimizerSpecification("rnnprop").optimizer()
public struct OptimizerSpecification: Sendable {
    /// As it was written.
    public let text: String
    let content: Content

    enum Content: Sendable {
        case handDesigned(OptimizerChoice)
        case learned(WeightsOrigin, [LearnedOption])
    }

    /// What a user wrote. A keyword wins over shipped weights, and these over a file that is called the same. No file
    /// is read yet.
    ///
    /// - Throws: `InputError` for a name, option or value that cannot be used, with the nearest known one.
    public init(_ text: String) throws {
        self.text = text
        if OptimizerCatalogue.keywords.contains(String(text.prefix { $0 != ":" })) {
            content = .handDesigned(try OptimizerCatalogue.parse(text))
            return
        }
        let (head, options) = Self.split(text)
        guard let origin = WeightsOrigin.find(head) else {
            throw InputError(
                text, "is neither an optimizer's name nor a weight file",
                advice: WeightsOrigin.advice(head, among: Self.names))
        }
        content = .learned(origin, try Self.options(options, of: text))
    }

    /// The names that need no file: keywords of hand-designed optimizers, and shipped weights.
    public static var names: [String] { OptimizerCatalogue.keywords + ShippedWeights.all.map(\.name) }

    /// Whether it names learned weights.
    public var isLearned: Bool {
        if case .learned = content { true } else { false }
    }

    // MARK: Parsing

    /// What stands before and after the colon of the options; a path may have colons of its own.
    private static func split(_ text: String) -> (head: String, options: Substring) {
        guard let colon = text.lastIndex(of: ":"), text[colon...].contains("="), !fileExists(text) else {
            return (text, "")
        }
        return (String(text[..<colon]), text[colon...].dropFirst())
    }

    /// In the order in which they are applied.
    private static func options(_ text: Substring, of specification: String) throws -> [LearnedOption] {
        guard !text.isEmpty else { return [] }
        var names: Set<Substring> = []
        let words = text.split(separator: ",", omittingEmptySubsequences: false)
        for word in words {
            guard LearnedOption.all.contains(where: { $0.text == word }) else {
                throw InputError(
                    specification, "learned optimizers have no option \(quoted(String(word)))",
                    advice: suggestion(for: String(word), among: LearnedOption.all.map(\.text)))
            }
            guard names.insert(word.prefix { $0 != "=" }).inserted else {
                throw InputError(specification, "\(word) is given twice", advice: "give it once")
            }
        }
        return LearnedOption.all.filter { option in words.contains { $0 == option.text } }
    }
}
