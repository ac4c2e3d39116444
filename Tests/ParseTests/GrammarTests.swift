// Valid and invalid JSON: a table of the facts on which JSON test collections agree, and the contract's stricter rules.
import Testing

@testable import Engine

@Suite("RFC 8259 and C1.2: the grammar of JSON", .timeLimit(.minutes(1)))
struct GrammarTests {
    private func isJSON(_ text: [UInt8]) -> Bool { (try? JSONValue.parse(text)) != nil }

    static let accepted = [
        "[]", "{}", "0", "-0", "-1", "123", "0.5", "1e5", "1E5", "0e1", "0e+1", "1E-2", "1.5e+3", "-123.123e-100",
        "123e100000", "-1e99999", "100000000000000000000000", "true", "false", "null", "\"\"", "\" \"", #"["a",""]"#,
        " [ 1 , 2 ]\r\n\t", "[[]\n]", "[null,1,\"1\",{}]", #"{"a":[]}"#, #"{"":0}"#, #"{"a":1,"a":2}"#,
        #""\"\\\/\b\f\n\r\t""#,
        #""\u0000""#, #""\uD801\udc37""#, #""\ud800""#, #""\uDFAA""#, #""\ud800\ud800\n""#, #""\uDd1ea""#,
        #""\\u0000""#,
        "\"\u{7F}\"", "\"\u{E9}\u{20AC}\u{10FFFF}\"", "\"\u{FFFE}\u{FFFF}\"", "\"\u{2028}\u{2029}\"",
        "\"/* no comment */\"",
        #"{"a\u0000b":"\u0022"}"#,
    ]

    static let rejected = [
        "", " ", "[", "{", "]", "}", "[}", "{]", "[1", "[1,", "[,1]", "[1,,2]", "[1,]", "[1 2]", "[1:2]", "[1;2]",
        "[]]", "{}}",
        "[][]", "1 2", "{\"a\"}", "{\"a\":}", "{\"a\":1", "{\"a\":1,}", "{,\"a\":1}", "{\"a\" 1}", "{\"a\"::1}",
        "{\"a\",1}",
        "{a:1}", "{'a':1}", "{1:1}", "{null:1}", "{\"a\":1 \"b\"}", "tru", "True", "truee", "nul", "nulll", "fals",
        "NaN", "-NaN",
        "Infinity", "-Infinity", "Inf", "+1", "++1", "-", "- 1", "-a", "01", "-01", "00", "1.", "-2.", ".5", "-.5",
        "1.e1", "1e",
        "1e+", "1eE2", "0.1.2", "1_000", "0x1F", "1a", "1e5x", "\"", "\"a", "'a'", #""\x""#, #""\u""#, #""\u12""#,
        #""\u00G0""#,
        #""\U0041""#, #""\"#, #"["\"]"#, #""\ud800\u""#, "\"\n\"", "\"\t\"", "\"\u{1F}\"", "\"\0\"", "\0", "[\u{0B}]",
        "[\u{0C}]",
        "\u{FEFF}[]", "\u{2060}[]", "[1]//x", "/*x*/1", "#1", "*", "<.>", "\u{FF11}", "[\u{E9}]",
    ]

    @Test("accepted", arguments: accepted) func accepts(text: String) { #expect(isJSON(Array(text.utf8))) }
    @Test("rejected", arguments: rejected) func rejects(text: String) { #expect(!isJSON(Array(text.utf8))) }

    @Test(
        "C1.2: bytes other than strict UTF-8 are no JSON",
        arguments: [
            [0x80], [0xFF], [0xFE], [0xC0, 0xAF], [0xC1, 0xBF], [0xE9], [0xC3], [0xC3, 0x28], [0xE0, 0x9F, 0xBF],
            [0xE2, 0x82],
            [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80],
            [0xF5, 0x80, 0x80, 0x80],
            [0xFC, 0x80, 0x80, 0x80, 0x80, 0x80], [0xF0, 0x9F, 0x98],
        ] as [[UInt8]])
    func badUTF8(bytes: [UInt8]) {
        #expect(!isJSON([0x22] + bytes + [0x22]))
        #expect(!isJSON(bytes))
    }

    @Test("C1.2: UTF-16, with and without a BOM, is no JSON")
    func otherEncodings() {
        #expect(!isJSON([0xFF, 0xFE, 0x5B, 0, 0x5D, 0]))
        #expect(!isJSON([0, 0x5B, 0, 0x5D]))
        #expect(!isJSON([0x5B, 0, 0x5D, 0]))
    }

    @Test("every table entry has the same verdict for a cut at any byte")
    func everyCut() throws {
        for text in GrammarTests.accepted + GrammarTests.rejected {
            let bytes = Array(text.utf8)
            for cut in 0...bytes.count { #expect(scans(bytes, cut: cut) == isJSON(bytes), "\(text) cut at \(cut)") }
        }
    }

    @Test("C1.2: the canonical writer accepts the same texts as the scanner, and ends at the same byte")
    func writerAgrees() throws {
        var writer = CanonicalWriter(order: .byKey, maxDepth: 64)
        func check(_ bytes: [UInt8]) {
            guard let first = bytes.first, !JSONText.isSpace(first) else { return }
            var scanner = JSONScanner(maxDepth: 64)
            let scanned = (try? scanner.scan(bytes.span)) ?? nil
            let shown = String(decoding: bytes, as: UTF8.self)
            let written = writer.writeLot(bytes.span, isWhole: false)
            // The scanner continues where the writer stops: another slice may continue a number.
            #expect(written == scanned, "\(shown)")
        }
        for text in GrammarTests.accepted + GrammarTests.rejected {
            for bytes in [Array(text.utf8), Array("[\(text)]".utf8), Array("{\"images\":[\(text),1]}".utf8)] {
                for end in 0...bytes.count { check(Array(bytes[..<end])) }
            }
        }
        var generator = JSONGenerator(seed: 31)
        for _ in 0..<4000 {
            var bytes = Array(generator.document().utf8)
            check(bytes)
            // One byte damaged, then cut anywhere.
            bytes[Int.random(in: 0..<bytes.count, using: &generator.random)] = .random(
                in: 0...255, using: &generator.random)
            check(bytes)
            check(Array(bytes[..<Int.random(in: 0...bytes.count, using: &generator.random)]))
        }
    }

    @Test("C1.2: scanner, writer and Swift agree on every sequence of up to three bytes")
    func everySequence() {
        var writer = CanonicalWriter()
        let seconds: [UInt8] = [0x00, 0x20, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xFF]
        for first in UInt8(0x7F)...0xFF {
            for second in seconds {
                for third in seconds {
                    for tail in [[], [0x80], [0xBF, 0x80]] as [[UInt8]] {
                        let inside = [0x41, first, second, third] + tail
                        let token = [0x22] + inside + [0x22, 0x20]
                        var scanner = JSONScanner(maxDepth: 1)
                        let scanned = (try? scanner.scan(token.span)) ?? nil
                        let written = writer.writeLot(token.span, isWhole: false)
                        #expect(written == scanned, "\(inside)")
                        let isText = String(validating: inside, as: UTF8.self) != nil && !inside.contains { $0 < 0x20 }
                        #expect((written != nil) == isText, "\(inside)")
                    }
                }
            }
        }
    }

    /// True if the bytes, in two slices, are one value with white space around it.
    private func scans(_ bytes: [UInt8], cut: Int) -> Bool {
        var scanner = JSONScanner(maxDepth: 128)
        do {
            for slice in [0..<cut, cut..<bytes.count] {
                let part = bytes.span.extracting(slice)
                guard var rest = try scanner.scan(part) else { continue }
                while rest < part.count {
                    guard JSONText.isSpace(part[rest]) else { return false }
                    rest += 1
                }
            }
        } catch { return false }
        return scanner.finish()
    }
}
