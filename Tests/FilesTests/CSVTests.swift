import Files
import Testing

@Suite struct CSVTests {
    @Test func fieldsStandInQuotationMarksWhereTheyHaveTo() {
        var csv = CSV("optimizer", "loss, final")
        csv.add(.name("adam"), .number(0.25))
        csv.add(.name("a \"b\", c"), .number(Double.infinity))
        csv.add(.text("plain"), .number(nil as Int?))
        csv.add([.text("two\nlines"), .text("a \"b\"")])
        #expect(
            csv.text == """
                optimizer,"loss, final"
                "adam",0.25
                "a ""b"", c",inf
                plain,
                "two
                lines","a ""b""\"

                """)
    }
}
