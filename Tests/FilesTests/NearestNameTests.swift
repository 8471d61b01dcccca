import Files
import Testing

@Suite struct NearestNameTests {
    @Test(arguments: [
        ("adm", "adam"), ("ADAM", "adam"), ("rmspr", "rmsprop"), ("momentun", "momentum"), ("xyzzyxyzzy", nil),
        ("", nil),
    ]) func findsWhatWasMeant(given: String, meant: String?) {
        #expect(nearestName(to: given, among: ["sgd", "adam", "rmsprop", "momentum"]) == meant)
    }

    @Test func withoutNamesThereIsNone() {
        #expect(nearestName(to: "adam", among: []) == nil)
        #expect(suggestion(for: "xyzzy", among: ["a", "bc"]) == "choose one of a, bc")
        #expect(suggestion(for: "b", among: ["a", "bc"]) == "did you mean a?")
    }
}
