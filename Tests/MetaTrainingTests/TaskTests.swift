import Datasets
import Files
import MetaTraining
import NumericCore
import Optimizees
import Testing

/// A catalogue of functions in closed form and of small pictures.
let smallCatalogue = OptimizeeCatalogue(data: SmallData())

private struct SmallData: DataProvider {
    func mnist() throws -> ImageSplit { try digits() }
    func cifar10() throws -> ImageSplit { try digits() }
    func digits() throws -> ImageSplit { ImageSplit(training: Digits.generate(count: 40, seed: 0)) }
}

@Suite struct TaskTests {
    private let text =
        "mixture:3*scaled(quadratic:n=2..6,condition=1~1000,noise=0|0.5,L=0|1|3)+scaled(convex:n=4,L=1);"
        + "convex:n=5~80"

    @Test func namesAreReadAndWritten() throws {
        for name in [
            text, "mnist-mlp", "scaled(mnist-mlp,L=3.0)+scaled(convex,L=1.0)", "mixture:2*convex",
            "mixture:convex:n=1..2",
            "scaled(scaled(convex,L=1),L=2,per=function,draw=uniform,keep=0.5)",
        ] {
            let names = try TaskNames(name)
            #expect(names.description == name)
            #expect(try TaskNames(names.description) == names)
        }
        // What draws something is a mixture, even alone.
        #expect(try TaskNames("convex:n=1..2").description == "mixture:convex:n=1..2")
    }

    @Test(arguments: [
        "mixture:", "mixture:convex;", "mixture:0*convex", "mixture:-1*convex", "mixture:x*convex", "convex:n=5..2",
        "convex:n=0~5", "convex:n=|3", "convex:n=1..", "convex:n", "scaled(convex,L=3..1)", "mixture:inf*convex",
        "convex:n=1..99999999999999999999", String(repeating: "convex+", count: 20) + "convex",
    ]) func namesThatCannotBeReadAreRefused(_ name: String) {
        let error = #expect(throws: InputError.self) { try TaskNames(name).distribution(smallCatalogue) }
        #expect(error.map { !$0.description.contains("\n") } == true)
    }

    @Test(arguments: [
        ("mixture:convx", "did you mean convex?"), ("mixture:convex:m=1|2", "has no option m"),
        ("mixture:convex;quadratic:condition=0.1~10", "condition=0.1 cannot be used"),
        ("mixture:quadratic:noise=1|x", "noise=x cannot be used"),
        ("mixture:scaled(convex,L=1..99)", "has an option out of range"),
    ]) func whatTheCatalogueLacksIsSeenBeforeAnythingIsDrawn(_ name: String, _ says: String) {
        let error = #expect(throws: InputError.self) { try TaskNames(name).distribution(smallCatalogue) }
        #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
    }

    @Test("A mixture draws its entries as often as they weigh, and options within their ranges")
    func draws() throws {
        let mixture = try #require(try TaskNames(text).distribution(smallCatalogue) as? TaskMixture)
        #expect(mixture.name == text)
        let key = RandomKey(seed: 4)
        let names = (0..<4000).map { mixture.template(key: key.child($0)).description }
        let sums = names.filter { $0.contains("+") }
        #expect(abs(Double(sums.count) / 4000 - 0.75) < 0.03)
        func values(_ option: String, _ names: [String]) -> [Double] {
            names.compactMap { name in
                name.firstRange(of: "\(option)=").flatMap {
                    Double(name[$0.upperBound...].prefix { "0123456789.e-".contains($0) })
                }
            }
        }
        let sizes = values("n", sums)
        #expect(Set(sizes) == [2, 3, 4, 5, 6])
        for size in Set(sizes) { #expect(abs(Double(sizes.count { $0 == size }) / Double(sums.count) - 0.2) < 0.03) }
        let conditions = values("condition", sums)
        #expect(conditions.allSatisfy { (1...1000).contains($0) })
        // Log-uniform: a third in each factor of ten.
        for low in [1.0, 10, 100] {
            let share = Double(conditions.count { $0 >= low && $0 < 10 * low }) / Double(conditions.count)
            #expect(abs(share - 1 / 3.0) < 0.04, "from \(low): \(share)")
        }
        #expect(Set(values("noise", sums)) == [0, 0.5])
        let widths = values("n", names.filter { !$0.contains("+") })
        #expect(widths.allSatisfy { (5...80).contains($0) } && widths.contains(5) && widths.max()! > 70)
        #expect(abs(Double(widths.count { $0 < 20 }) / Double(widths.count) - 0.5) < 0.06)
        // An L of 0 leaves the scaling out.
        let unscaled = sums.count { $0.hasPrefix("quadratic") }
        #expect(abs(Double(unscaled) / Double(sums.count) - 1 / 3.0) < 0.03)
    }

    @Test("A key always draws the same task, another one another")
    func determinism() throws {
        let mixture = try TaskNames(text).distribution(smallCatalogue)
        func task(_ seed: UInt64) -> ([Float], Float) {
            let key = RandomKey(seed: seed)
            let instance = mixture.optimizee(key: key).instance(key: key)
            let start = instance.initialParameters
            return (start, instance.loss(at: 3, parameters: start.span))
        }
        for seed in UInt64(0)..<20 { #expect(task(seed) == task(seed)) }
        #expect(Set((0..<20).map { task($0).1 }).count > 15)
    }

    @Test("A mixture tells the data of each entry from others")
    func fingerprints() throws {
        #expect(try TaskNames(text).distribution(smallCatalogue).dataFingerprint == nil)
        let mixed = try TaskNames("mixture:convex;digits-mlp:width=1..2").distribution(smallCatalogue)
        let own = try #require(try smallCatalogue.optimizee(named: "digits-mlp").dataFingerprint)
        #expect(mixed.dataFingerprint == "-;\(own)")
    }

    @Test("The paper's tricks are put around an optimizee, and told from it again")
    func tricks() throws {
        var odd = PaperTricks(scaling: 2, convex: 7, convexScaling: 0)
        (odd.granularity, odd.distribution, odd.keep) = (.function, .uniform, 0.5)
        for tricks in [PaperTricks(), .none, odd, PaperTricks(scaling: 0), .init(convex: 0, convexScaling: 0)] {
            let names = try tricks.names(around: "digits-mlp:width=4")
            let split = try #require(PaperTricks.split(names))
            #expect(split.optimizee == "digits-mlp:width=4" && split.tricks == tricks, "\(names)")
            let byName = try names.distribution(smallCatalogue).name
            #expect(byName == tricks.around(try smallCatalogue.optimizee(named: "digits-mlp:width=4")).name)
        }
        #expect(PaperTricks.split(MetaTrainingPlan.rnnpropPaper.tasks)?.tricks == PaperTricks())
        for name in ["mixture:convex;quadratic", "scaled(convex,L=0|1)", "convex+quadratic"] {
            #expect(PaperTricks.split(try TaskNames(name)) == nil, "\(name)")
        }
    }
}
