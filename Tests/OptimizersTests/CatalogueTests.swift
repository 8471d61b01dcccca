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
        guard case .sweep(let optimizer) = try OptimizerCatalogue.parse("momentum:lr=sweep,momentum=0.5") else {
            Issue.record("not a sweep")
            return
        }
        #expect((optimizer as? Momentum)?.momentum == 0.5)
        guard case .ready = try OptimizerCatalogue.parse("momentum:lr=0.1") else {
            Issue.record("not ready")
            return
        }
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
            ("adam:warmup=5", "longer cosine"),
            ("adam:cosine=5,warmup=5", "longer cosine"),
            ("adam:cosine=0", "number of steps"),
            ("", "choose one of sgd,"),
        ])
    func errors(specification: String, words: String) {
        let error = #expect(throws: InputError.self) { try OptimizerCatalogue.parse(specification) }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "no error")")
        #expect(error?.description.hasPrefix("\(specification):") == true)
    }
}
