import Foundation
import Optimizers
import Testing

@Suite("What optimizers are called")
struct LabelTests {
    @Test("Rates that are powers of √2 are written as such")
    func text() {
        #expect(learningRateText(0x1p-5) == "2^-5")
        #expect(learningRateText(exp2(-5.5)) == "2^-5.5")
        #expect(learningRateText(exp2(0.5)) == "2^0.5")
        #expect(learningRateText(0.001) == "0.001")
        #expect(learningRateText(0) == "0.0")
    }

    @Test("A label says what differs from the defaults")
    func labels() throws {
        for (text, label, withoutRate) in [
            ("adam", "adam lr=0.001", "adam"),
            ("adam:lr=0.03125,beta1=0.5", "adam lr=2^-5 beta1=0.5", "adam beta1=0.5"),
            ("sgd:cosine=20,warmup=4", "sgd lr=0.001 cosine=20 warmup=4", "sgd cosine=20 warmup=4"),
        ] {
            let optimizer = try OptimizerCatalogue.parse(text).optimizer
            #expect(optimizer.label == label && optimizer.labelWithoutRate == withoutRate)
        }
    }
}
