import Datasets
import NumericCore
import Optimizees
import Testing

@Suite struct WrapperTests {
    /// f_c(θ₀ / c) = f(θ₀), and its gradient is c ⊙ ∇f.
    @Test(
        arguments: RandomScaling.Granularity.allCases,
        [
            RandomScaling.Distribution.exponential, .uniform,
        ])
    func scalingIsUndoneAtTheStart(
        granularity: RandomScaling.Granularity, distribution: RandomScaling.Distribution
    ) throws {
        let mlp = Samples.mlp
        let scaling = RandomScaling(mlp, range: 3, granularity: granularity, distribution: distribution)
        let key = RandomKey(seed: 6)
        let scaled = try #require(scaling.instance(key: key) as? RandomScalingInstance)
        // Scaling never changes what the wrapped instance draws.
        let plain = mlp.instance(key: key.child(0))
        let start = plain.initialParameters
        #expect(scaled.initialParameters == zip(start, scaled.scales).map { $0 / $1 })
        let (expected, actual) = (
            plain.lossAndGradient(at: 3, start), scaled.lossAndGradient(at: 3, scaled.initialParameters)
        )
        #expect(abs(actual.loss - expected.loss) < 1e-5 * expected.loss)
        let slopes = zip(expected.gradient, scaled.scales).map { Double($0 * $1) }
        #expect(relativeError(actual.gradient.map(Double.init), slopes) < 1e-5)
    }

    @Test func scalesFollowTheirDistribution() throws {
        func scales(
            _ granularity: RandomScaling.Granularity, _ distribution: RandomScaling.Distribution
        ) throws -> [Double] {
            let scaling = RandomScaling(
                Quadratic(dimension: 20_000), granularity: granularity, distribution: distribution)
            let instance = try #require(scaling.instance(key: RandomKey(seed: 1)) as? RandomScalingInstance)
            return instance.scales.map(Double.init)
        }
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
        let bounds = exp(-3.0001)...exp(3.0001)

        let exponential = try scales(.coordinate, .exponential)
        #expect(exponential.allSatisfy(bounds.contains))
        #expect(abs(mean(exponential.map { log($0) })) < 0.05)
        #expect(abs(mean(exponential.map { log($0) * log($0) }) - 3) < 0.1)

        let uniform = try scales(.coordinate, .uniform)
        #expect(uniform.allSatisfy(bounds.contains))
        #expect(abs(mean(uniform) - cosh(3)) < 0.2)

        #expect(Set(try scales(.function, .exponential)).count == 1)
    }

    @Test func tensorsHaveOneScaleEach() throws {
        let scaling = RandomScaling(Samples.mlp, range: 3, granularity: .tensor)
        let instance = try #require(scaling.instance(key: RandomKey(seed: 1)) as? RandomScalingInstance)
        let scales = scaling.layout.ranges.map { Set(instance.scales[$0]) }
        #expect(scales.count > 2 && scales.allSatisfy { $0.count == 1 })
        #expect(Set(scales).count == scales.count)
    }

    @Test func droppedCoordinatesNeitherMoveNorSlope() throws {
        let scaling = RandomScaling(Quadratic(dimension: 2_000, noise: 1), range: 1, keep: 0.25)
        let instance = try #require(scaling.instance(key: RandomKey(seed: 3)) as? RandomScalingInstance)
        var parameters = instance.initialParameters
        let (loss, gradient) = instance.lossAndGradient(at: 0, parameters)
        let dropped = gradient.indices.filter { gradient[$0] == 0 }
        #expect(abs(Double(dropped.count) - 1_500) < 100)
        for index in dropped { parameters[index] = .infinity }
        #expect(instance.loss(at: 0, parameters) == loss)
        #expect(instance.lossAndGradient(at: 0, parameters).gradient == gradient)
    }

    @Test func combinedIsTheSumOfItsParts() throws {
        let (f, g) = (Samples.scaledMLP, RandomScaling(Convex(), range: 1))
        let combined = Combined(f, g)
        let key = RandomKey(seed: 8)
        let both = try #require(combined.instance(key: key) as? CombinedInstance)
        let (first, second) = (f.instance(key: key.child(0)), g.instance(key: key.child(1)))
        let (x, y) = (first.initialParameters, second.initialParameters)
        #expect(both.initialParameters == x + y)
        #expect(both.firstCount == x.count)
        #expect(combined.shapes == f.shapes + g.shapes)

        let (a, b) = (first.lossAndGradient(at: 1, x), second.lossAndGradient(at: 1, y))
        let sum = both.lossAndGradient(at: 1, x + y)
        #expect(sum.loss == a.loss + b.loss)
        #expect(sum.gradient == a.gradient + b.gradient)
        #expect(both.lastLosses == (a.loss, b.loss))
        #expect(both.loss(at: 1, x + y) == sum.loss)
        #expect(both.losses(at: 1, parameters: (x + y).span) == (a.loss, b.loss))
    }

    @Test func convexIsThePapersFunction() {
        let key = RandomKey(seed: 2)
        let (clipped, free) = (Convex().instance(key: key), Convex(clip: .infinity).instance(key: key))
        #expect(clipped.initialParameters == [Float](repeating: 0, count: 20))
        // At 0 the terms are aᵢ², on average 1/3.
        let losses: [Float] = (0..<200).map { (seed: UInt64) -> Float in
            let instance = Convex().instance(key: RandomKey(seed: seed))
            return instance.loss(at: 0, instance.initialParameters)
        }
        let mean: Float = losses.reduce(0, +) / 200
        #expect(abs(mean - 0.333) < 0.02)
        #expect(losses.allSatisfy { $0 < 1 })
        // Far away every term is clipped, or 10⁶.
        let far = [Float](repeating: 1_000, count: 20)
        let (a, b) = (clipped.lossAndGradient(at: 0, far), free.lossAndGradient(at: 0, far))
        #expect(a.loss == 10)
        #expect(a.gradient.allSatisfy { $0 == 0 })
        #expect(abs(b.loss - 1e6) < 2e3)
        #expect(b.gradient.allSatisfy { abs($0 - 100) < 0.2 })
    }

    @Test func minimaAreWhereTheyShouldBe() {
        let key = RandomKey(seed: 1)
        func value(_ optimizee: any Optimizee, at x: Float) -> Float {
            let point = [Float](repeating: x, count: optimizee.parameterCount)
            let (loss, gradient) = optimizee.instance(key: key).lossAndGradient(at: 0, point)
            #expect(gradient.allSatisfy { $0 == 0 })
            return loss
        }
        #expect(value(Rosenbrock(dimension: 6), at: 1) == 0)
        #expect(value(Rastrigin(dimension: 6), at: 0) == 0)
        #expect(value(Quadratic(), at: 0) == 0)
    }

    @Test func namesTellTheOptions() {
        #expect(RandomScaling(Convex(), range: 1).name == "scaled(convex,L=1.0)")
        #expect(Combined(Rosenbrock(), Convex(clip: .infinity)).name == "rosenbrock+convex:clip=infinity")
        let every = RandomScaling(
            Convex(), range: 2, granularity: .function, distribution: .uniform, keep: 0.5)
        #expect(every.name == "scaled(convex,L=2.0,per=function,draw=uniform,keep=0.5)")
    }

    @Test func dataAreToldApartThroughWrappers() {
        func mlp(_ seed: UInt64, heldOut: UInt64? = nil) -> MLP {
            func images(_ seed: UInt64) -> LabeledImages {
                sampleImages(count: 9, pixels: 13, classes: 4, seed: seed)
            }
            return MLP(dataset: "sample", images: images(seed), heldOut: heldOut.map { HeldOutImages(images($0)) })
        }
        let convex = Convex()
        let wraps: [(any Optimizee) -> any Optimizee] = [
            { $0 }, { RandomScaling($0, range: 1) }, { Combined($0, convex) }, { Combined(convex, $0) },
            { Combined(RandomScaling($0, range: 1), RandomScaling(convex, range: 1)) },
        ]
        for wrap in wraps {
            let prints = [mlp(1), mlp(2), mlp(1, heldOut: 1), mlp(1, heldOut: 2)].map { wrap($0).dataFingerprint }
            #expect(!prints.contains(nil) && Set(prints).count == 4)
            #expect(wrap(mlp(1)).dataFingerprint == prints[0])
            #expect(wrap(convex).dataFingerprint == nil, "what needs no data has none")
        }
        let images = [3, 4].map { sampleImages(count: 9, pixels: 16, classes: 4, seed: $0) }
        let cnns = images.map { CNN(dataset: "sample", images: $0, architecture: CNN.Architecture("c-f")!) }
        #expect(cnns[0].name == cnns[1].name && cnns[0].dataFingerprint != cnns[1].dataFingerprint)
        #expect(Combined(mlp(1), convex).dataFingerprint != Combined(convex, mlp(1)).dataFingerprint)
    }
}
