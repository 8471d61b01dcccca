import Files
import Testing

@Suite struct NearestNameTests {
    private static let names = ["sgd", "momentum", "adagrad", "adadelta", "rmsprop", "adam", "rnnprop", "mnist-mlp"]

    @Test(arguments: [
        ("adm", "adam"), ("Adam", "adam"), ("adma", "adam"), ("sdg", "sgd"), ("sg", "sgd"), ("rnprop", "rnnprop"),
        ("rmspropp", "rmsprop"), ("mometnum", "momentum"), ("RNNProp", "rnnprop"), ("mnist", "mnist-mlp"),
        ("adagrda", "adagrad"), ("ada", "adam"), ("mnistmlp", "mnist-mlp"),
    ])
    func findsTheNameThatWasMeant(_ typed: String, _ meant: String) {
        #expect(nearestName(to: typed, among: Self.names) == meant)
    }

    @Test(arguments: ["", "x", "lamb", "quadratic", "mn", String(repeating: "adam", count: 1_000_000)])
    func findsNothingWhereNothingIsNear(_ typed: String) {
        #expect(nearestName(to: typed, among: Self.names) == nil)
    }

    @Test func theNearestWinsAndAmongEqualsTheFirst() {
        #expect(nearestName(to: "adama", among: ["adamax", "adamb"]) == "adamax")
        #expect(nearestName(to: "beta", among: ["beta10", "beat", "zeta"]) == "beat")
        #expect(nearestName(to: "anything", among: []) == nil)
        #expect(nearestName(to: "a", among: ["b", "a"]) == "a")
    }

    @Test func adviceIsTheNearestNameOrAllOrAnOverview() {
        #expect(suggestion(for: "adm", among: ["sgd", "adam"]) == "did you mean adam?")
        #expect(suggestion(for: "xyz", among: ["sgd", "adam"]) == "choose one of sgd, adam")
        #expect(suggestion(for: "xyz", among: ["sgd", "adam"], overview: "there are two") == "there are two")
        #expect(suggestion(for: "adm", among: ["adam"], overview: "there are two") == "did you mean adam?")
    }
}
