import Foundation
import HTMLReport
import TestSupport
import Testing

@Suite(
    "The report in a browser", .serialized,
    .enabled(if: Browser.isInstalled, "there is no chromium; apt-get install chromium, or set L2O_CHROMIUM"))
struct BrowserTests {
    /// The page after a script of the test has run at its end.
    private func load(_ html: String, running script: String = "", width: Int = 1280, isDark: Bool = false) throws
        -> Browser.Outcome
    {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("l2o-\(UUID().uuidString).html")
        defer { try? FileManager.default.removeItem(at: file) }
        let page = html.replacingOccurrences(of: "</body>", with: "<script>\(script)</script></body>")
        try page.write(to: file, atomically: true, encoding: .utf8)
        return try Browser.load(file.path, width: width, isDark: isDark)
    }

    @Test("Renders without a word on the console, light and dark, and nothing is wider than a telephone")
    func renders() throws {
        let broken = try load("<html><body></body></html>", running: "nobody.home()")
        #expect(broken.console.contains { $0.contains("nobody is not defined") }, "errors are seen")
        let html = try HTMLReport(sampleAnalysis(sampleResult(name: hostileName))).html()
        for (width, isDark) in [(1280, false), (390, true)] {
            let outcome = try load(
                html,
                running: """
                    const wide = [...document.querySelectorAll("body *")].filter(e =>
                      !e.closest(".scroll, .command") && e.getBoundingClientRect().right > innerWidth + 1);
                    const figures = [...document.querySelectorAll("figure svg")].filter(e => e.clientHeight > 60);
                    const colour = getComputedStyle(document.body).backgroundColor;
                    document.title = `${wide.map(e => e.tagName).join(" ")} too wide, ${figures.length} figures, ${colour}`;
                    """, width: width, isDark: isDark)
            #expect(outcome.console.isEmpty)
            // Curves of E1, E5 and E9, rates of E4; ratios and two profiles of the rows.
            let colour = isDark ? "rgb(20, 23, 27)" : "rgb(255, 255, 255)"
            #expect(outcome.document.contains("<title> too wide, 7 figures, \(colour)</title>"), "\(width)")
        }
    }

    @Test("Curves are shown over steps, and over seconds at a click")
    func axes() throws {
        let outcome = try load(
            try HTMLReport(sampleAnalysis(sampleResult())).html(),
            running: """
                const figure = document.querySelector("#E1 figure");
                const shown = () => [...figure.querySelectorAll("svg")].filter(e => e.clientHeight > 60)
                  .map(e => [...e.querySelectorAll("text")].map(t => t.textContent).find(t => /^step|^seconds/.test(t)));
                const seen = [shown()];
                for (const axis of ["seconds", "steps"]) {
                  figure.querySelector(`.over [value=${axis}]`).click();
                  seen.push(shown() + " " + figure.querySelector("[aria-pressed=true]").value);
                }
                document.title = seen.join("; ") + "; " + document.querySelectorAll("#E4 .over, #rows .over").length;
                """)
        #expect(outcome.console.isEmpty)
        #expect(
            outcome.document.contains("<title>step; seconds seconds; step steps; 0</title>"),
            "\(outcome.document.firstMatch(of: /<title>.*<\/title>/).map { String($0.output) } ?? "")")
    }

    @Test("Headings sort their table by number, up and down, with nothing last")
    func sorting() throws {
        let outcome = try load(
            try HTMLReport(sampleAnalysis(sampleResult())).html(),
            running: """
                const table = document.querySelector("#E1 table");
                const heading = title => [...table.querySelectorAll("th")].find(e => e.textContent === title);
                const names = () => [...table.tBodies[0].rows].map(row => row.cells[0].textContent).join();
                const seen = [];
                for (const title of ["final loss", "final loss", "trials", "optimizer"]) {
                  heading(title).querySelector("button").click();
                  seen.push(names() + " " + heading(title).getAttribute("aria-sort"));
                }
                document.title = seen.join("; ");
                """)
        #expect(outcome.console.isEmpty)
        let expected = [
            "rnnprop,adam,sgd,adamw untuned ascending", "adamw untuned,sgd,adam,rnnprop descending",
            "adam,sgd,adamw untuned,rnnprop ascending", "adam,adamw untuned,rnnprop,sgd ascending",
        ]
        #expect(outcome.document.contains("<title>\(expected.joined(separator: "; "))</title>"))
    }

    @Test("The button turns a light page dark, and back")
    func theme() throws {
        let outcome = try load(
            try HTMLReport(sampleAnalysis(sampleResult())).html(),
            running: """
                const seen = [0, 1, 2].map(count => {
                  if (count) document.getElementById("theme").click();
                  return getComputedStyle(document.body).backgroundColor;
                });
                document.title = seen.join("; ");
                """)
        #expect(outcome.document.contains("<title>rgb(255, 255, 255); rgb(20, 23, 27); rgb(255, 255, 255)</title>"))
    }
}
