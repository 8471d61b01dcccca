import Files
import Testing

@Suite struct DigestTests {
    /// The test vectors of FNV's authors for the 64-bit hash of bytes.
    @Test(arguments: [("", "cbf29ce484222325"), ("a", "af63dc4c8601ec8c"), ("foobar", "85944171f73967e8")])
    func bytesHaveThePublishedHash(text: String, digest: String) {
        var own = Digest()
        own.add(text)
        #expect(own.text == digest)
    }

    /// Names of learned optimizers and rows of stores depend on it.
    @Test func wordsAreTakenWhole() {
        var digest = Digest()
        digest.add(0x1_0000_0001)
        let offset: UInt64 = 0xCBF2_9CE4_8422_2325
        #expect(digest.value == (offset ^ 0x1_0000_0001) &* 0x100_0000_01B3)
    }
}
