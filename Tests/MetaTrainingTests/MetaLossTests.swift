import MetaTraining
import Testing

private let kinds: [any MetaLoss] = [RawMetaLoss(), RelativeMetaLoss(), LogMetaLoss(), PeriodMeanMetaLoss()]

@Suite struct MetaLossTests {
    private let losses: [Float] = [2.5, 1.75, 1.5, 0.75, 0.5]

    @Test func valuesAreTheirFormulas() {
        func value(_ loss: any MetaLoss, _ window: LossWindow) -> Double {
            var loss = loss
            loss.losses = window
            return loss.value(of: losses, first: 2.5)
        }
        #expect(value(RawMetaLoss(), .last) == 0.5)
        #expect(abs(value(RawMetaLoss(), .lastFew(2)) - 0.625) < 1e-7)
        #expect(abs(value(RelativeMetaLoss(), .mean) - 7 / 5 / 2.5) < 1e-7)
        // log((min(f, 3 f₀) + 0.01) / f₀)
        #expect(abs(value(LogMetaLoss(), .last) - -1.589_635) < 1e-5)
        #expect(abs(value(PeriodMeanMetaLoss(), .mean) - -0.579_818) < 1e-5)
    }

    @Test("Slopes are the derivatives of values", arguments: kinds.indices)
    func slopes(_ index: Int) {
        for window in [LossWindow.last, .mean, .lastFew(3)] {
            var loss = kinds[index]
            loss.losses = window
            // With other windows the period's mean counts as a constant.
            if loss is PeriodMeanMetaLoss && window != .mean { continue }
            let slopes = loss.slopes(of: losses, first: 2.5)
            for step in losses.indices {
                var (above, below) = (losses, losses)
                above[step] += 0x1p-9
                below[step] -= 0x1p-9
                let slope = (loss.value(of: above, first: 2.5) - loss.value(of: below, first: 2.5)) / 0x1p-8
                #expect(abs(Double(slopes[step]) - slope) < 1e-4, "\(type(of: loss).kind), \(window), \(step)")
            }
        }
    }

    @Test("The period's mean divides its weights")
    func periodMean() {
        var loss = PeriodMeanMetaLoss()
        loss.losses = .lastFew(4)
        let slopes = loss.slopes(of: losses, first: 2.5)
        #expect(slopes[0] == 0)
        for slope in slopes.dropFirst() { #expect(abs(slope - 0.25 / 1.4) < 1e-6) }
    }

    @Test(
        "Where a run explodes, its losses count as so many times the first, and have no slope",
        arguments: kinds.indices)
    func clipping(_ index: Int) {
        var loss = kinds[index]
        (loss.losses, loss.clip) = (.mean, 3)
        let limit = loss.value(of: [2, 6, 6, 6], first: 2)
        for exploded in [[2, 6.5, 1e30, 100], [2, .infinity, .nan, 7]] as [[Float]] {
            #expect(abs(loss.value(of: exploded, first: 2) - limit) < 1e-12)
            let slopes = loss.slopes(of: exploded, first: 2)
            #expect(slopes[0] > 0 && slopes.dropFirst().allSatisfy { $0 == 0 })
        }
        loss.clip = nil
        #expect(!loss.value(of: [2, .nan, 1, 1], first: 2).isFinite)
    }

    @Test("A loss without weight does not count, whatever it is")
    func weightless() {
        #expect(RawMetaLoss().value(of: [.nan, .infinity, 2], first: 1) == 2)
    }

    @Test func windowsAreReadAndWritten() {
        for text in ["last", "mean", "last-4"] { #expect(LossWindow(text)?.description == text) }
        for text in ["", "first", "last-0", "last-x", "last-", "last--3"] { #expect(LossWindow(text) == nil) }
        for window in [LossWindow.last, .mean, .lastFew(3), .lastFew(9)] {
            #expect(abs(window.weights(7).reduce(0, +) - 1) < 1e-6)
        }
    }
}
