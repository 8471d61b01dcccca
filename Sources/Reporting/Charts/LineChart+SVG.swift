import Platform

/// Which colours a drawing has.
public enum Appearance: Sendable {
    /// Light or dark, as the reader's system prefers.
    case automatic
    /// For a white page.
    case light
    /// For a black page.
    case dark
}

extension LineChart {
    /// The chart as a self-contained SVG document, 760 wide, readable without colours' help and in the dark.
    ///
    /// Long curves are thinned to the chart's resolution by averaging neighbouring steps. Colours follow Okabe and Ito
    /// 2008, *Color universal design*, darkened or lightened where the page needs more contrast.
    public func svg(appearance: Appearance = .automatic) -> String { SVGDrawing(self).document(appearance) }
}
