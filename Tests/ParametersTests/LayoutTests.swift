import Parameters
import Testing

@Suite struct LayoutTests {
    @Test func tensorsLieOneAfterTheOther() {
        let layout = ParameterLayout([
            ParameterShape("W", [3, 2]), ParameterShape("b", []), ParameterShape("none", [0, 4]),
            ParameterShape("v", [5]),
        ])
        #expect(layout.count == 12)
        #expect(layout.ranges == [0..<6, 6..<7, 7..<7, 7..<12])
    }

    @Test func aCountIsOneFlatTensor() {
        #expect(ParameterLayout(count: 7) == ParameterLayout([ParameterShape("x", [7])]))
        #expect(ParameterLayout(count: 7).ranges == [0..<7])
        #expect(ParameterLayout([]).count == 0 && ParameterLayout([]).ranges.isEmpty)
    }
}
