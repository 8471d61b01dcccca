/// The colours of charts, after Okabe and Ito 2008, darkened or lightened where the page needs more contrast.
enum SVGPalette {
    /// The series' colours on a light and on a dark page.
    static let colours: [(light: String, dark: String)] = [
        ("#0072b2", "#4db3f0"), ("#d55e00", "#ff8c42"), ("#009e73", "#2fcf9f"), ("#b8578f", "#ec9fca"),
        ("#b07d00", "#f0c040"), ("#3c3c3c", "#e6e6e6"), ("#7a5cc4", "#b7a3ff"), ("#8c4a2f", "#d2a48c"),
    ]

    static func style(_ appearance: Appearance) -> String {
        let shared = """
            .l2o text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}\
            .l2o .h{font-size:16px;font-weight:600}.l2o .note{font-size:12px}\
            .l2o .end{text-anchor:end}.l2o .middle{text-anchor:middle}\
            .l2o .axis,.l2o .grid{stroke-width:1;fill:none}\
            .l2o .c,.l2o .d{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}.l2o .d{stroke-width:6}
            """
        let light = palette(page: "#ffffff", ink: "#1f2328", quiet: "#59636e", grid: "#e4e7eb", band: "0.16", \.light)
        let dark = palette(page: "#15181c", ink: "#e9edf1", quiet: "#a3adb8", grid: "#2c3238", band: "0.22", \.dark)
        switch appearance {
        case .automatic: return "\(shared)\(light)@media (prefers-color-scheme:dark){\(dark)}"
        case .light: return shared + light
        case .dark: return shared + dark
        }
    }

    private static func palette(
        page: String, ink: String, quiet: String, grid: String, band: String,
        _ colour: KeyPath<(light: String, dark: String), String>
    ) -> String {
        let series = colours.enumerated().map { index, pair in
            ".l2o .c\(index){stroke:\(pair[keyPath: colour])}"
                + ".l2o .b\(index){fill:\(pair[keyPath: colour]);fill-opacity:\(band)}"
        }
        return ".l2o .page{fill:\(page)}.l2o text{fill:\(ink)}.l2o .tick,.l2o .note{fill:\(quiet)}"
            + ".l2o .axis{stroke:\(quiet)}.l2o .grid{stroke:\(grid)}" + series.joined()
    }

    /// The colour of a series; they repeat.
    static func colour(_ index: Int) -> Int { index % colours.count }
}
