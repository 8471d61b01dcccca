import Datasets
import Files
import Optimizees
import Synchronization
import Testing

/// Counts how often data are asked for.
private final class CountingProvider: DataProvider {
    let mnistCalls = Atomic<Int>(0)
    let digitsCalls = Atomic<Int>(0)

    func mnist() throws -> ImageSplit {
        mnistCalls.wrappingAdd(1, ordering: .relaxed)
        return ImageSplit(training: sampleImages(count: 4, pixels: 784, classes: 10))
    }

    func cifar10() throws -> ImageSplit { ImageSplit(training: sampleImages(count: 4, pixels: 3072, classes: 10)) }

    func digits() throws -> ImageSplit {
        digitsCalls.wrappingAdd(1, ordering: .relaxed)
        return ImageSplit(training: sampleImages(count: 4, pixels: 64, classes: 10))
    }
}

/// Has no data.
private struct MissingProvider: DataProvider {
    static let error = InputError("mnist", "is missing", advice: "download it")
    func mnist() throws -> ImageSplit { throw Self.error }
    func cifar10() throws -> ImageSplit { throw Self.error }
    func digits() throws -> ImageSplit { throw Self.error }
}

@Suite struct CatalogueTests {
    @Test(arguments: OptimizeeCatalogue.entries.map(\.name)) func everyEntryMakesWhatItsNameSays(_ name: String)
        throws
    {
        let optimizee = try OptimizeeCatalogue(data: CountingProvider()).optimizee(named: name)
        #expect(optimizee.name == name)
        #expect(optimizee.parameterCount > 0)
    }

    @Test func namesAreUniqueAndDescribed() {
        let entries = OptimizeeCatalogue.entries
        #expect(Set(entries.map(\.name)).count == entries.count)
        #expect(entries.allSatisfy { !$0.summary.isEmpty && !$0.summary.contains("\n") })
        for name in [
            "mnist-mlp", "digits-mlp", "mnist-mlp-relu", "mnist-mlp-d10", "mnist-cnn", "mnist-cnn-deep", "cifar-cnn",
            "cifar-cnn-deep", "convex", "quadratic", "sine-lstm",
        ] {
            #expect(entries.contains { $0.name == name })
        }
    }

    @Test(arguments: [
        ("mnist-mlp:width=40,batch=64", "mnist-mlp:width=40,batch=64"),
        ("mnist-mlp:batch=64,width=40", "mnist-mlp:width=40,batch=64"),
        ("mnist-mlp:activation=relu", "mnist-mlp-relu"),
        ("mnist-mlp:depth=3", "mnist-mlp-d3"),
        ("mnist-mlp:activation=relu,depth=3,initial=0.01", "mnist-mlp-relu:depth=3,initial=0.01"),
        ("mnist-mlp-d2:hidden=40-20", "mnist-mlp-d2:hidden=40-20"),
        ("mnist-mlp:depth=12", "mnist-mlp:depth=12"),
        ("mnist-mlp:batch=9,pool=4", "mnist-mlp:pool=4,batch=9"),
        ("mnist-mlp:batch=9,shift=-0.5,pool=4", "mnist-mlp:pool=4,shift=-0.5,batch=9"),
        ("mnist-mlp:depth=0", "mnist-mlp:depth=0"),
        ("mnist-mlp:width=20", "mnist-mlp"),
        ("mnist-cnn:layers=c-c-p-c-c-p-f-f", "mnist-cnn-deep"),
        ("cifar-cnn-deep:layers=c-c-p-f,width=16", "cifar-cnn"),
        (
            "digits-cnn-deep:initial=0.01,batch=8,width=4,layers=c-f",
            "digits-cnn:layers=c-f,width=4,batch=8,initial=0.01"
        ),
        ("convex:clip=infinity,n=5", "convex:n=5,clip=infinity"),
        ("quadratic:condition=10,noise=0", "quadratic:condition=10.0,noise=0.0"),
        ("rosenbrock:n=10", "rosenbrock:n=10"),
        ("mlp-regression:width=20,depth=1,scale=1", "mlp-regression"),
        ("mlp-regression:depth=0", "mlp-regression:depth=0"),
        (
            "mlp-regression:noise=0.1,scale=100,activation=relu,inputs=3,hidden=4-5",
            "mlp-regression:inputs=3,hidden=4-5,activation=relu,scale=100.0,noise=0.1"
        ),
        ("sine-lstm:layers=2", "sine-lstm-2"),
        ("sine-lstm:noise=0.01", "sine-lstm-lownoise"),
        ("sine-lstm-2:noise=0.01,hidden=4", "sine-lstm-2:hidden=4,noise=0.01"),
        ("sine-lstm-lownoise:noise=0.1", "sine-lstm"),
        ("sine-lstm:initial=1,batch=9,length=5,layers=3", "sine-lstm:layers=3,length=5,batch=9,initial=1.0"),
    ]) func optionsMakeCanonicalNames(given: String, canonical: String) throws {
        let catalogue = OptimizeeCatalogue(data: CountingProvider())
        #expect(try catalogue.optimizee(named: given).name == canonical)
        #expect(try catalogue.optimizee(named: canonical).name == canonical)
    }

    @Test(arguments: [
        (
            "mnist-mpl",
            "mnist-mpl: is not a known optimizee; did you mean mnist-mlp? `l2o list optimizees` has all"
        ),
        ("Convex", "Convex: is not a known optimizee; did you mean convex? `l2o list optimizees` has all"),
        (
            "imagenet",
            "imagenet: is not a known optimizee; there are MLPs, CNNs, LSTMs and functions: `l2o list optimizees` has all"
        ),
        (
            "",
            ": is not a known optimizee; there are MLPs, CNNs, LSTMs and functions: `l2o list optimizees` has all"
        ),
        ("mnist-mlp:widht=3", "mnist-mlp:widht=3: has no option widht; did you mean width?"),
        ("mnist-mlp:width", "mnist-mlp:width: \"width\" is not an option; write options as key=value"),
        ("mnist-mlp:width=", "mnist-mlp:width=: \"width=\" is not an option; write options as key=value"),
        ("mnist-mlp:", "mnist-mlp:: \"\" is not an option; write options as key=value"),
        ("mnist-mlp:=3", "mnist-mlp:=3: \"=3\" is not an option; write options as key=value"),
        (
            "mnist-mlp:width=0",
            "mnist-mlp:width=0: width=0 cannot be used; give a whole number from 1 to 100000"
        ),
        (
            "mnist-mlp:activation=rellu",
            "mnist-mlp:activation=rellu: activation=rellu cannot be used; did you mean relu?"
        ),
        (
            "mnist-mlp:pool=5",
            "mnist-mlp:pool=5: pool=5 cannot be used; give a divisor of the images' side, as 2 or 4 for 28 pixels"
        ),
        (
            "mnist-mlp:hidden=4--5",
            "mnist-mlp:hidden=4--5: hidden=4--5 cannot be used; give whole numbers such as 40-20, from 1 to 100000"
        ),
        (
            "cifar-cnn:layers=c-p-p-f",
            "cifar-cnn:layers=c-p-p-f: layers=c-p-p-f cannot be used; give c (convolution), p (pooling behind one) and f "
                + "(fully connected) such as c-c-p-f"
        ),
        (
            "digits-cnn:layers=c-p-c-p-c-p-c-p-f",
            "digits-cnn:layers=c-p-c-p-c-p-c-p-f: layers=c-p-c-p-c-p-c-p-f cannot be used; pool less often: the images "
                + "are too small"
        ),
        ("sine-lstm:layers=0", "sine-lstm:layers=0: layers=0 cannot be used; give a whole number from 1 to 100"),
        ("convex:n=3,n=4", "convex:n=3,n=4: gives n twice; give each option once"),
        ("convex:clip=nan", "convex:clip=nan: clip=nan cannot be used; give a number above 0, or infinity"),
        ("rosenbrock:noise=-1", "rosenbrock:noise=-1: noise=-1 cannot be used; give a number of 0.0 or more"),
        (
            "mnist-mlp:hidden=4,width=3",
            "mnist-mlp:hidden=4,width=3: gives both hidden and width; give one of them"
        ),
    ]) func mistakesAreExplained(name: String, message: String) {
        let error = #expect(throws: InputError.self) {
            try OptimizeeCatalogue(data: CountingProvider()).optimizee(named: name)
        }
        #expect(error?.description == message)
    }

    @Test func wrappedNamesMakeWhatTheySay() throws {
        let catalogue = OptimizeeCatalogue(data: CountingProvider())
        let (mlp, convex) = (try catalogue.optimizee(named: "mnist-mlp:width=4,batch=2"), Convex(dimension: 5))
        let optimizees: [any Optimizee] = [
            mlp, Combined(mlp, convex), Combined(RandomScaling(mlp, range: 3), RandomScaling(convex, range: 0.5)),
            Combined(Combined(convex, mlp), convex), RandomScaling(RandomScaling(convex, range: 1), range: 2),
            RandomScaling(
                Combined(mlp, convex), range: 1e-9, granularity: .function, distribution: .uniform, keep: 0.5),
        ]
        for optimizee in optimizees {
            let made = try catalogue.optimizee(wrappedName: optimizee.name)
            #expect(made.name == optimizee.name && made.shapes == optimizee.shapes)
        }
    }

    @Test(arguments: [
        "", "+", "convex+", "scaled(", "scaled()", "scaled(convex)", "scaled(convex,L=x)", "scaled(convex,L=99)",
        "scaled(convex,L=1,keep=2)", "scaled(convex,L=1,per=word)", "convex)+convex", "scaled(convex,L=1",
        String(repeating: "scaled(", count: 1000) + "convex" + String(repeating: ",L=1)", count: 1000),
        String(repeating: "convex+", count: 1000) + "convex",
    ]) func wrappedNamesThatCannotBeReadAreRefused(name: String) {
        let error = #expect(throws: InputError.self) {
            try OptimizeeCatalogue(data: CountingProvider()).optimizee(wrappedName: name)
        }
        // Not the whole of a hostile one.
        #expect(error.map { $0.description.count < 1000 } == true)
    }

    @Test func dataAreLoadedOnceAndOnlyWhenNeeded() throws {
        let provider = CountingProvider()
        let catalogue = OptimizeeCatalogue(data: provider)
        _ = try catalogue.optimizee(named: "convex")
        _ = try? catalogue.optimizee(named: "mnist-mlp:width=x")
        #expect(provider.mnistCalls.load(ordering: .relaxed) == 0)
        for name in ["mnist-mlp", "mnist-mlp-d3", "mnist-mlp:batch=4"] {
            _ = try catalogue.optimizee(named: name)
        }
        #expect(provider.mnistCalls.load(ordering: .relaxed) == 1)
        #expect(provider.digitsCalls.load(ordering: .relaxed) == 0)
        #expect(throws: MissingProvider.error) {
            try OptimizeeCatalogue(data: MissingProvider()).optimizee(named: "digits-mlp")
        }
    }
}
