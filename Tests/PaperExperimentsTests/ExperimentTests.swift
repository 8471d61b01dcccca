import Datasets
import Evaluation
import Files
import Foundation
import Optimizees
import Optimizers
import PaperExperiments
import Statistics
import TestProblems
import Testing

/// Digits in place of MNIST, and a black picture in place of CIFAR-10.
private struct DigitsAlone: DataProvider {
    func mnist() throws -> ImageSplit { try digits() }
    func cifar10() throws -> ImageSplit {
        ImageSplit(
            training: LabeledImages(
                pixels: [Float](repeating: 0, count: 3072), labels: [0], pixelsPerImage: 3072, classes: 10))
    }
    func digits() throws -> ImageSplit { ImageSplit(training: Digits.generate(count: 20, seed: 0)) }
}

@Suite("Experiments")
struct ExperimentTests {
    @Test("There are 22 rows and E1 to E10, each panel one of the rows")
    func rows() {
        #expect(Experiments.rows.count == 22 && Set(Experiments.rows.map(\.id)).count == 22)
        #expect(Experiments.all.map(\.id) == (1...10).map { "E\($0)" } + ["rows"])
        for experiment in Experiments.all {
            #expect(experiment.panels.allSatisfy(Experiments.rows.contains) && !experiment.panels.isEmpty)
        }
        let shown = Set(Experiments.all.filter { $0.id != "rows" }.flatMap(\.panels))
        #expect(shown == Set(Experiments.rows), "every row is in a figure")
    }

    @Test("Variations are problems that the catalogue has, none of them a row")
    func variations() throws {
        let panels = Experiments.variations.panels
        #expect(Set(panels.map(\.id)).count == panels.count && panels.allSatisfy { $0.steps <= 5000 })
        #expect(Set(panels.map(\.id)).isDisjoint(with: Experiments.rows.map(\.id)))
        let catalogue = OptimizeeCatalogue(data: DigitsAlone())
        for panel in panels { #expect(try catalogue.optimizee(named: panel.optimizee).parameterCount > 0) }
    }

    @Test("What the paper tuned, as its table has it")
    func baselines() {
        let texts = Experiments.rows.map { $0.paperBaseline?.text }
        let exponents = [-5, -6, -7, -5.5, -5.5, -6.5, -5, -5, -6, -6, -6, -6.5, -11, -10.5, -10.5, -6, -7.5, -7, -8]
        let adam = exponents.map { "adam 2^\($0 == $0.rounded() ? "\(Int($0))" : "\($0)")" }
        #expect(texts == adam + ["adagrad 2^-1", "adam 2^-5.5", "adam 2^-5"])
    }

    @Test("Names are known in either case, all is everything, and an unknown one is answered with the nearest")
    func names() throws {
        #expect(try Experiments.named(["e7", "E1", "e7"]).map(\.id) == ["E1", "E7"])
        #expect(try Experiments.named(["all"]).count == 11)
        #expect(try Experiments.named(["all", "Variations"]).count == 12)
        let error = #expect(throws: InputError.self) { try Experiments.named(["E1", "rwos"]) }
        #expect(error?.description == "rwos: is not an experiment; did you mean rows?")
    }

    @Test("A schedule's length is the run's, its warm-up a tenth of it but no less than a step")
    func shapes() {
        #expect(ScheduleShape.cosine.schedule(steps: 100) == .cosine(steps: 100))
        #expect(ScheduleShape.warmUpCosine.schedule(steps: 100) == .warmUpCosine(warmUpSteps: 10, steps: 100))
        for steps in [2, 9, 19] {
            #expect(
                ScheduleShape.warmUpCosine.schedule(steps: steps) == .warmUpCosine(warmUpSteps: 1, steps: steps))
        }
        #expect(ScheduleShape.inverseSquareRoot.schedule(steps: 100) == .inverseSquareRoot(timescale: 10))
        #expect(
            ScheduleShape.warmUpInverseSquareRoot.schedule(steps: 100)
                == .inverseSquareRoot(timescale: 10, warmUpSteps: 10))
        #expect(ScheduleShape.warmUp.schedule(steps: 9) == .warmUp(steps: 1))
        let all = ScheduleShape.allCases
        #expect(Set(all.map { $0.schedule(steps: 50) }).count == all.count && Set(all.map(\.text)).count == all.count)
    }

    @Test("The best of a panel is tuned under each schedule; one step has none", arguments: [1, 2, 12])
    func schedules(steps: Int) throws {
        let run = PanelRun(
            optimizee: Bowl(), steps: steps, problems: 2, seed: 1, entrants: [], tuned: [SGD(), Adam()],
            search: RateSearch(spacing: 4, problems: 2, coarseProblems: 1), schedules: ScheduleShape.cosines)
        let (race, sweeps) = try run.run(performer: ComputedRuns()) { _ in RunControl() }
        let constant = race.results.prefix(2).map(\.finalStatistics.mean)
        let best = constant[0] <= constant[1] ? "sgd" : "adam"
        #expect(sweeps.map(\.optimizer) == ["sgd", "adam"] + (steps > 1 ? [best, best] : []))
        #expect(
            sweeps.map(\.text).dropFirst(2) == (steps > 1 ? ["\(best), cosine", "\(best), warm-up, cosine"] : []))
        #expect(Set(race.results.map(\.optimizer)).count == race.results.count && race.results.count == sweeps.count)
    }

    private func result(steps: Int = 3, schedules: [ScheduleShape] = []) throws -> ReproductionResult {
        let run = PanelRun(
            optimizee: Bowl(), steps: steps, problems: 2, seed: 1,
            entrants: [Entrant(SGD(learningRate: 1e30), label: "a \"b\"")], tuned: [SGD()],
            search: RateSearch(spacing: 1, problems: 2), schedules: schedules)
        let (race, sweeps) = try run.run(performer: ComputedRuns()) { _ in RunControl() }
        let panel = PanelResult(id: "bowl", panel: Panel("Bowl", "bowl"), race: race, sweeps: sweeps)
        let skipped = PanelResult(id: "gone", panel: Panel("Gone", "gone"), skipped: "no data")
        return ReproductionResult(
            command: "c", version: "v", problems: 2, seed: 1, quick: false,
            experiments: [Experiment.Figure.curves, .learningRates, .table].map { figure in
                ExperimentResult(
                    Experiment(id: figure.rawValue, title: "t", claim: "f", figure: figure, panels: []),
                    panels: ["gone", "bowl"], command: "c")
            }, panels: [panel, skipped])
    }

    @Test("JSON reads back as the same result, diverged runs too")
    func roundTrip() throws {
        let result = try result(schedules: [.cosine])
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("l2o-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try writeFileAtomically(path, result.json())
        let read = try ReproductionResult(file: path)
        #expect(try read.json() == result.json())
        #expect(read.panels(of: read.experiments[0]).map(\.id) == ["gone", "bowl"])
        #expect(read.panels[0].results(.untuned)[0].diverged == 2)
        #expect(read.panels[0].sweeps.map(\.schedule) == [nil, .cosine])
        #expect(read.panels[0].sweeps[0].trials.map(\.losses) == result.panels[0].sweeps[0].trials.map(\.losses))
        try writeFileAtomically(path, text: "{}")
        #expect(throws: InputError.self) { try ReproductionResult(file: path) }
    }

    @Test("CSV has a line for each point of the figure")
    func csv() throws {
        let result = try result()
        let race = try #require(result.panels[0].race)
        let curves = result.csv(result.experiments[0]).split(separator: "\n")
        #expect(curves.count == 1 + 2 * 2 + 2 * 3, "diverged runs end after two steps")
        #expect(curves[1] == "\"bowl\",\"a \"\"b\"\"\",0,0,\(race.results[0].curve[0][0])")
        let rates = result.csv(result.experiments[1]).split(separator: "\n")
        #expect(rates.count == 1 + 2 * result.panels[0].sweeps[0].trials.count)
        let finals = result.csv(result.experiments[2]).split(separator: "\n")
        #expect(finals.count == 1 + 4)
        #expect(finals.allSatisfy { $0.count { $0 == "," } >= 12 })
        #expect(finals[1].hasPrefix("\"bowl\",3,\"a \"\"b\"\"\",") && finals[1].contains(",inf,,,1,1e+30,,"))
    }

    @Test("Long curves are means over stretches in CSV")
    func stretches() throws {
        let result = try result(steps: 2500)
        let lines = result.csv(result.experiments[0]).split(separator: "\n").filter { $0.contains("\"sgd") }
        #expect(lines.count == 2 * 834)
        let curve = try #require(result.panels[0].race?.results[1].curve[0])
        let value = try #require(Float(lines[1].split(separator: ",").last!))
        #expect(abs(value - (curve[3] + curve[4] + curve[5]) / 3) < 1e-6)
    }
}
