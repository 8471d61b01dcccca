import Datasets
import Explanation
import Files
import Foundation
import HTMLReport
import LearnedOptimizers
import NumericCore
import Optimizees
import Optimizers
import Reporting
import Testing

private func explanation(
    _ optimizer: any Optimizer, steps: Int = 60, on optimizee: any Optimizee = Quadratic(), seed: UInt64 = 3
) throws -> Explanation {
    try Explanation(of: optimizer, label: "it", on: optimizee, steps: steps, seed: seed)
}

extension Explanation {
    fileprivate func part(_ id: String) throws -> Part { try #require(parts.first { $0.id == id }) }

    fileprivate func curve(_ part: String, _ name: String) throws -> LineChart.Series {
        try #require(self.part(part).chart.series.first { $0.name == name })
    }
}

/// Whether two numbers are as near as float32 has them.
private func near(_ one: Double, _ other: Double, _ tolerance: Double = 1e-4) -> Bool {
    abs(one - other) <= tolerance * abs(other)
}

@Suite("What a rule does with gradients that are made up") struct ExplanationTests {
    @Test("Gradient descent: a step is the rate times the gradient, whatever came before")
    func gradientDescent() throws {
        let it = try explanation(SGD(learningRate: 0.25))
        for name in ["noise", "half agreed", "constant"] {
            let curve = try it.curve("response", name)
            // In units of the largest, which is that of four times the usual gradient.
            #expect(zip(curve.x, curve.median).allSatisfy { abs($1 - $0 / 4) < 1e-5 })
        }
        #expect(try near(#require(it.part("response").numbers["largest_after_noise"]), 1))
        // The gradients' root mean square is 1 by definition where they are constant, and known where they are noise.
        let ages = try it.curve("age", "constant")
        #expect(ages.x.first == 1 && ages.x.last == 60 && ages.median.allSatisfy { near($0, 0.25) })
        let noise = try it.curve("age", "noise").median
        #expect(near(noise.reduce(0, +) / Double(noise.count), 0.25, 0.05))
        let scales = try it.curve("scale", "constant")
        #expect(scales.x.first == 1e-12 && scales.x.last == 1e6)
        #expect(zip(scales.x, scales.median).allSatisfy { near($1, 0.25 * $0) })
        #expect(try near(#require(try it.part("scale").numbers["largest_over_smallest"]), 1e18, 0.01))
        #expect(it.asymmetry == 0 && it.symmetry.hasPrefix("Exactly odd"))
    }

    @Test("Momentum: alternating gradients cancel, and what agreed is remembered")
    func momentum() throws {
        let it = try explanation(Momentum(learningRate: 0.1, momentum: 0.9), steps: 400)
        // The limits of Σ 0.9ⁱ and of Σ (−0.9)ⁱ.
        let numbers = try it.part("agreement").numbers
        let constant = try #require(try it.curve("age", "constant").median.last)
        let alternating = try #require(try it.curve("age", "alternating").median.last)
        #expect(near(constant, 0.1 / (1 - 0.9)) && near(alternating, 0.1 / (1 + 0.9)))
        #expect(
            try near(
                #require(numbers["alternating_over_noise"]) / #require(numbers["constant_over_noise"]), 0.1 / 1.9))
        let response = try it.part("response").numbers
        // After a hundred of them, 0.9 (1 − 0.9¹⁰⁰)/(1 − 0.9) is left of the earlier ones, and 1 comes with the last.
        #expect(try near(#require(response["zero_after_agreement"]), 9 / 10.0, 1e-3))
        #expect(try near(#require(response["opposite_after_agreement"]), 8 / 10.0, 1e-3))
    }

    @Test("Adam: the size of gradients does not matter until ε does")
    func adam() throws {
        let curve = try explanation(Adam(learningRate: 0.01)).curve("scale", "constant")
        for (scale, step) in zip(curve.x, curve.median) {
            // m̂/(√v̂ + ε) of equal gradients.
            #expect(near(step, 0.01 * scale / (scale + 1e-8), 1e-3), "\(scale)")
        }
    }

    @Test("Every registered rule is explained: curves of finite numbers, and sentences", arguments: RuleRegister.all)
    func everyRule(_ rule: RuleDescriptor) throws {
        let it = try explanation(rule.type.init(key: RandomKey(seed: 2)), steps: 20)
        #expect(it.parts.map(\.id) == ["response", "age", "agreement", "scale", "rate", "share"])
        #expect(it.parts.count == Explanation.partCount)
        for part in it.parts {
            #expect(!part.chart.series.isEmpty && !part.finding.isEmpty && !part.reading.isEmpty)
            #expect(part.chart.series.allSatisfy { $0.median.allSatisfy { !$0.isInfinite } }, "\(part.id)")
        }
        #expect(it.asymmetry.isFinite)
    }

    @Test(
        "Untrained Gateprop is odd and does not see the gradients' size; the shipped one is odd too, RNNprop is not")
    func symmetry() throws {
        let untrained = try explanation(Gateprop(key: RandomKey(seed: 1)), steps: 30)
        #expect(untrained.asymmetry == 0)
        #expect(try #require(untrained.part("scale").numbers["largest_over_smallest"]) < 1.02)
        #expect(try untrained.part("scale").finding.contains("does not matter"))
        #expect(try explanation(OptimizerSpecification("gateprop").optimizer(), steps: 10).asymmetry < 1e-3)
        let rnnprop = try explanation(OptimizerSpecification("rnnprop").optimizer(), steps: 10)
        #expect(rnnprop.asymmetry > 0.1 && rnnprop.symmetry.hasPrefix("Not odd"))
    }

    @Test("The same seed gives the same bytes, on any number of threads; another seed others")
    func seeds() throws {
        func json(_ threads: Int, _ seed: UInt64) throws -> Data {
            try Threads(threads).run {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys]
                return try encoder.encode(explanation(OptimizerSpecification("rnnprop").optimizer(), seed: seed))
            }
        }
        let one = try json(1, 3)
        #expect(try one == json(2, 3))
        #expect(try one != json(2, 4))
    }
}

@Suite("A real run, tensor by tensor") struct TensorRatesTests {
    @Test("Gradient descent moves every tensor at its rate, straight down")
    func gradientDescent() throws {
        let optimizee = try OptimizeeCatalogue(data: NoData()).optimizee(named: "sine-lstm:hidden=3")
        let rates = try TensorRates(SGD(learningRate: 0.125), on: optimizee, steps: 12, seed: 5)
        #expect(rates.tensors.map(\.shape) == optimizee.shapes && rates.losses.count == 12)
        for tensor in rates.tensors {
            #expect(tensor.rates.allSatisfy { near($0, 0.125, 1e-3) }, "\(tensor.shape.name) \(tensor.rates)")
            #expect(tensor.cosines.allSatisfy { $0 > 0.999 })
        }
    }

    @Test("It is the run of a race with the same seed, and ends where that diverges")
    func sameRun() throws {
        let key = RandomKey(seed: 9).child(0)
        let instance = Quadratic().instance(key: key)
        var gradient = [Float](repeating: 0, count: Quadratic().parameterCount)
        var span = gradient.mutableSpan
        let first = instance.lossAndGradient(at: 0, parameters: instance.initialParameters.span, gradient: &span)
        let rates = try TensorRates(SGD(learningRate: 1e6), on: Quadratic(), steps: 500, seed: 9)
        #expect(rates.losses.first == Double(first))
        #expect(rates.losses.count < 500 && rates.losses.last?.isFinite == false)
        #expect(rates.losses.dropLast().allSatisfy { $0.isFinite })
        #expect(rates.tensors[0].rates.count == rates.losses.count - 1)
    }
}

@Suite("How an explanation is shown") struct ExplanationPageTests {
    @Test("The page has every chart, sentence and number, and passes what it was told on as text")
    func page() throws {
        let it = try Explanation(
            of: Adam(learningRate: 0.01), label: "<b>&\"", on: Quadratic(), steps: 20, seed: 1)
        let html = try it.html(command: "l2o explain '<i>'", version: "1.2.3")
        #expect(html.contains("&lt;b&gt;&amp;&quot;") && !html.contains("<b>&\""))
        #expect(
            html.contains("l2o explain &apos;&lt;i&gt;&apos;") || html.contains("l2o explain &#39;&lt;i&gt;&#39;"))
        for part in it.parts {
            #expect(html.contains("<section id=\"\(part.id)\">") && html.contains(part.title))
            #expect(part.svg().hasPrefix("<svg ") && part.svg().contains("</svg>"))
        }
        #expect(html.components(separatedBy: "<svg viewBox").count == it.parts.count + 1)
        #expect(!html.contains("NaN") && !html.contains("{{"))
        #expect(try it.html(command: "", version: "") == it.html(command: "", version: ""))
    }

    @Test("Text fits the terminal, and is ASCII where it must be")
    func text() throws {
        let it = try explanation(OptimizerSpecification("gateprop").optimizer(), steps: 20)
        let style = TerminalStyle(unicode: false, colours: .none)
        let text = it.text(width: 70, style: style)
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 100 })
        #expect(text.unicodeScalars.allSatisfy { $0.isASCII }, "\(text)")
        #expect(text.contains("24 bytes of state a parameter"))
    }
}

/// No data set is there.
private struct NoData: DataProvider {
    func mnist() throws -> ImageSplit { throw InputError("mnist", "is not here", advice: "go without") }
    func cifar10() throws -> ImageSplit { throw InputError("cifar10", "is not here", advice: "go without") }
    func digits() throws -> ImageSplit { throw InputError("digits", "is not here", advice: "go without") }
}
