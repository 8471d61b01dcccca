import Evaluation
import Files
import Mustache
public import PaperExperiments
public import Reporting

/// Experiments as one HTML page: figures, what was found, tables, and every number as CSV; it needs nothing else.
///
///     try writeFileAtomically("report.html", text: try HTMLReport(result).html())
public struct HTMLReport: Sendable {
    private let analysis: ReproductionAnalysis

    /// A report of what experiments came to.
    public init(_ result: ReproductionResult) { self.init(ReproductionAnalysis(result)) }

    /// A report of what was analysed already.
    public init(_ analysis: ReproductionAnalysis) { self.analysis = analysis }

    /// The page.
    public func html() throws -> String {
        try Self.render(
            PackageResources.page_mustache,
            Page(
                analysis, style: Self.text(PackageResources.style_css), script: Self.text(PackageResources.script_js))
        )
    }

    /// A template with what it shows.
    static func render(_ template: [UInt8], _ content: Any) throws -> String {
        MustacheContentTypes.register(ScalarEscaping(), named: "SCALARS")
        return try MustacheTemplate(string: text(template)).render(content)
    }

    /// A file that lies inside the library.
    static func text(_ resource: [UInt8]) -> String { String(decoding: resource, as: UTF8.self) }
}

/// Escapes scalar by scalar: the library's own escaping compares characters, and passes a quotation mark over that a
/// combining accent follows.
private struct ScalarEscaping: MustacheContentType {
    func escapeText(_ text: String) -> String { xmlEscaped(text) }
}
