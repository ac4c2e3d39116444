// Small documents as values.
import Engine
import Testing

@Suite("JSONValue.parse", .timeLimit(.minutes(1)))
struct JSONValueTests {
    @Test("reads the output of JSONValue")
    func roundTrip() throws {
        let value: JSONValue = [
            "text": "quote \" backslash \\ line\n é 😀", "numbers": [0, -1, .double(1.5), .int(.max), .int(.min)],
            "nested": [["a": nil], true, false, []], "": "",
        ]
        #expect(try JSONValue.parse(value.bytes) == value)
    }

    @Test("numbers are integers if they fit, else doubles")
    func numbers() throws {
        let text = "[9223372036854775807,9223372036854775808,-9223372036854775808,1.0,1e2,-0,1e400]"
        let expected: JSONValue = [
            .int(.max), .double(9.223372036854775808e18), .int(.min), .double(1), .double(100), 0, .double(.infinity),
        ]
        #expect(try JSONValue.parse(Array(text.utf8)) == expected)
    }

    @Test("escapes are decoded, surrogate pairs joined, lone ones replaced")
    func strings() throws {
        let value = try JSONValue.parse(
            Array(#"["\u0041\/\b\f\n\r\t\"\\","\ud83d\ude00","\ud83dx","\ude00\ud83d","\ud83d\ud83d\ude00"]"#.utf8))
        #expect(value == ["A/\u{8}\u{C}\n\r\t\"\\", "\u{1F600}", "\u{FFFD}x", "\u{FFFD}\u{FFFD}", "\u{FFFD}\u{1F600}"])
    }

    @Test("the last of repeated keys counts, and the order is kept")
    func objects() throws {
        let value = try JSONValue.parse(Array(#" { "b" : 1 , "a" : [ ] , "b" : { } } "#.utf8))
        #expect(value["b"] == .object([]))
        #expect(value.text == #"{"b":1,"a":[],"b":{}}"#)
    }

    @Test("nesting is bounded, the document itself being 1")
    func depth() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        #expect(throws: Never.self) { try JSONValue.parse(nested(128)) }
        #expect(throws: JSONError.self) { try JSONValue.parse(nested(129)) }
        #expect(throws: Never.self) { try JSONValue.parse(nested(3), maxDepth: 3) }
        let error = #expect(throws: JSONError.self) { try JSONValue.parse(nested(4), maxDepth: 3) }
        #expect(error?.reason == .tooDeep)
        #expect(error?.offset == 3)
    }

    @Test("an array of strings is read; anything else is an error, not an empty list")
    func arrayOfStrings() throws {
        #expect(try JSONValue.strings(#"["a", "é"]"#) == ["a", "é"])
        #expect(try JSONValue.strings("[]") == [])
        for text in [#"["a", 1]"#, #"{"a": 1}"#, #""a""#, "[", ""] {
            #expect(throws: JSONError.self, "\(text)") { _ = try JSONValue.strings(text) }
        }
    }

    @Test("errors have a position")
    func offsets() {
        let cases: [(String, JSONError.Reason, Int)] = [
            ("[1,]", .unexpectedByte, 3), ("[1", .unexpectedEnd, 2), ("\"\n\"", .controlCharacter, 1),
            (#"["\q"]"#, .invalidEscape, 3), ("{} x", .unexpectedByte, 3),
        ]
        for (text, reason, offset) in cases {
            let error = #expect(throws: JSONError.self) { try JSONValue.parse(Array(text.utf8)) }
            #expect(error?.reason == reason)
            #expect(error?.offset == offset)
        }
    }
}
