import Files
import Optimizers
import Testing

@Suite("The catalogue of optimizers")
struct CatalogueTests {
    @Test("A bare name gives the default constants")
    func defaults() throws {
        let adam = try OptimizerCatalogue.parse("adam").optimizer
        #expect(adam.name == "adam(lr=0.001,beta1=0.9,beta2=0.999,epsilon=1e-08)")
        for optimizer in OptimizerCatalogue.all {
            #expect(try OptimizerCatalogue.parse(type(of: optimizer).keyword).optimizer.name == optimizer.name)
        }
    }

    @Test("Listed defaults parse to the same optimizer")
    func descriptions() throws {
        for (entry, optimizer) in zip(OptimizerCatalogue.descriptions, OptimizerCatalogue.all) {
            #expect(try OptimizerCatalogue.parse(entry.defaults).optimizer.name == optimizer.name)
            #expect(!entry.summary.isEmpty)
        }
    }

    @Test("Options set what they name, also as powers of two, and show in the name")
    func options() throws {
        let adam = try OptimizerCatalogue.parse("adam:lr=2^-5,beta1=0.5,cosine=100,warmup=10").optimizer
        #expect(adam.name == "adam(lr=0.03125,beta1=0.5,beta2=0.999,epsilon=1e-08,cosine=100,warmup=10)")
        #expect(adam.learningRate == 0.03125)
        #expect(adam.schedule == .warmUpCosine(warmUpSteps: 10, steps: 100))
    }

    @Test("A sweep is a choice of its own")
    func sweep() throws {
        guard case .sweep(let optimizers) = try OptimizerCatalogue.parse("momentum:lr=sweep,momentum=0.5") else {
            Issue.record("not a sweep")
            return
        }
        #expect(optimizers.map { ($0 as? Momentum)?.momentum } == [0.5])
        guard case .ready = try OptimizerCatalogue.parse("momentum:lr=0.1") else {
            Issue.record("not ready")
            return
        }
    }

    @Test("A constant of a sweep may be a choice, several of them every combination", arguments: ["adam", "nadam"])
    func choices(keyword: String) throws {
        let text = "\(keyword):epsilon=1e-8|1e-12,lr=sweep,beta1=0.9|0.5,rsqrt=10,warmup=5"
        guard case .sweep(let optimizers) = try OptimizerCatalogue.parse(text) else {
            Issue.record("not a sweep")
            return
        }
        #expect(optimizers.allSatisfy { $0.schedule == .inverseSquareRoot(timescale: 10, warmUpSteps: 5) })
        #expect(
            optimizers.map(\.labelWithoutRate)
                == ["", " beta1=0.5", " epsilon=1e-12", " beta1=0.5 epsilon=1e-12"].map {
                    keyword + $0 + " rsqrt=10 warmup=5"
                })
    }

    @Test(
        "What cannot be used is named, with what to do",
        arguments: [
            ("adm", "did you mean adam?"),
            ("velo", "choose one of sgd,"),
            ("adam:bta1=0.9", "did you mean beta1?"),
            ("adam:beta1=1", "a number from 0 to below 1"),
            ("adam:lr=-1", "at least 0"),
            ("adam:lr=nan", "at least 0"),
            ("adam:lr", "write lr=VALUE"),
            ("adam:lr=1,lr=2", "given twice"),
            ("adam:cosine=5,warmup=5", "the warm-up is as long as the cosine; give cosine=STEPS more steps"),
            ("adam:cosine=5,rsqrt=5", "two schedules; give cosine or rsqrt"),
            ("adam:rsqrt=-1", "number of steps"),
            ("adam:epsilon=1e-8|1e-12", "a choice needs a sweep; add lr=sweep"),
            ("adam:lr=sweep,epsilon=1e-8|", "epsilon cannot be \"\""),
            ("adam:lr=sweep,epsilon=1e-8|1e-8", "a value twice"),
            ("adam:lr=1|2", "lr cannot be"),
            ("seed-rule:tau=0", "a finite number above 0"),
            ("adam:cosine=0", "number of steps"),
            ("", "choose one of sgd,"),
        ])
    func errors(specification: String, words: String) {
        let error = #expect(throws: InputError.self) { try OptimizerCatalogue.parse(specification) }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "no error")")
        #expect(error?.description.hasPrefix("\(specification):") == true)
    }
}
