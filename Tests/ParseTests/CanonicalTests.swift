// The signed text, byte for byte as CPython prints it (C1.2).
import Testing

@testable import Engine

@Suite("C1.2: canonical form", .timeLimit(.minutes(1)))
struct CanonicalTests {
    /// Scans, as a reader does before it writes, then writes.
    private func canonical(_ text: [UInt8], writer: inout CanonicalWriter) throws -> String {
        var scanner = JSONScanner(maxDepth: 64)
        let padded = text + [0x20]
        let end = try #require(try scanner.scan(padded.span, from: padded.firstIndex { !JSONText.isSpace($0) } ?? 0))
        writer.write(padded.span.extracting(0..<end + (end < padded.count ? 1 : 0)))
        return String(decoding: writer.output, as: UTF8.self)
    }

    private func canonical(_ text: String) throws -> String {
        var writer = CanonicalWriter()
        return try canonical(Array(text.utf8), writer: &writer)
    }

    @Test(
        "the contract's examples",
        arguments: [
            ("\"\u{e9}\"", #""\u00e9""#), (#""\u00E9""#, #""\u00e9""#), ("\"\u{1F600}\"", #""\ud83d\ude00""#),
            (#""\uD83D\uDE00""#, #""\ud83d\ude00""#), (#""\ud800""#, #""\ud800""#), ("-0", "0"), ("-0.0", "-0.0"),
            ("1e5", "100000.0"), ("1e-7", "1e-07"), ("1e16", "1e+16"), ("1e400", "Infinity"), ("-1e400", "-Infinity"),
            ("12345678901234567890123456789", "12345678901234567890123456789"), (#"{"a":1,"a":2}"#, #"{"a":2}"#),
            (#"{"b":1,"a":{"d":1,"c":2}}"#, #"{"a":{"c":2,"d":1},"b":1}"#), (#""\/""#, #""/""#),
            ("\"\u{7F}\"", #""\u007f""#), (#""\u0041\u0022\u005c\u000a\u001F""#, #""A\"\\\n\u001f""#),
            ("[ 1 , { } , [ ] ]", "[1,{},[]]"), ("0.0001", "0.0001"), ("0.00001", "1e-05"),
        ])
    func examples(text: String, expected: String) throws {
        #expect(try canonical(text) == expected)
    }

    @Test("keys are sorted by code point: lone surrogates before U+E000, astral ones last, in any spelling")
    func keyOrder() throws {
        let text = #"{"😀":1,"\ue000":2,"\ud800":3,"~":4,"\u00e9":5,"\n":6,"":7,"a":8,"ab":9,"\ud83d\ude00":10}"#
        #expect(
            try canonical(text)
                == #"{"":7,"\n":6,"a":8,"ab":9,"~":4,"\u00e9":5,"\ud800":3,"\ue000":2,"\ud83d\ude00":10}"#)
    }

    @Test("an integer beyond CPython's 4300 digits is kept exactly")
    func longInteger() throws {
        let digits = "-1" + String(repeating: "7", count: 10_000)
        #expect(try canonical(digits) == digits)
    }

    @Test("generated documents equal CPython's output", .enabled(if: CPython.isInstalled))
    func documentsAgree() throws {
        var generator = JSONGenerator(seed: 20_250_805)
        try compare((0..<6000).map { _ in Array(generator.document().utf8) })
    }

    @Test("floats equal CPython's repr", .enabled(if: CPython.isInstalled))
    func floatsAgree() throws {
        var generator = JSONGenerator(seed: 17)
        var floats = (0..<20_000).map { _ in generator.float() }
        for exponent in -330...330 { floats += ["1e\(exponent)", "-9.999999999999999e\(exponent)", "3e\(exponent)"] }
        for power in -1074...1023 { floats.append("\(Double(sign: .plus, exponent: power, significand: 1))") }
        try compare(floats.map { Array($0.utf8) })
    }

    private func compare(_ documents: [[UInt8]]) throws {
        let expected = try CPython.canonical(documents)
        var writer = CanonicalWriter()
        for (document, answer) in zip(documents, expected) {
            let ours = try canonical(document, writer: &writer)
            if ours != answer { Issue.record("\(String(decoding: document, as: UTF8.self))\n \(ours)\n \(answer)") }
        }
    }
}
