// The 403 that names which other text of the same lots was signed. CPython writes those texts.
import Testing

@testable import Engine

@Suite("C1.1: wrong signatures that can be explained", .timeLimit(.minutes(1)))
struct SuspectSignatureTests {
    private static let styles = [true, false].flatMap { isASCII in
        [true, false].flatMap { spaced in
            [true, false].map { CPython.Style(isASCII: isASCII, spaced: spaced, sorted: $0) }
        }
    }

    /// The phrase for each style, which no other style's message has.
    private static let phrases: [(says: String, of: @Sendable (CPython.Style) -> Bool)] = [
        ("not ASCII-escaped", { !$0.isASCII }), ("has spaces", { $0.spaced }), ("not sorted", { !$0.sorted }),
    ]

    private func explanation(_ lots: String, signed text: String) -> String? {
        let body = #"{"lots":\#(lots)}"#
        return Trial().explanation(body, header: Trial.keys.sign(text))?.message
    }

    @Test("each usual form of lots is distinguished from the others", .enabled(if: CPython.isInstalled))
    func styles() throws {
        let lots = #"[{"lot_id":"é","b":[1.5,{"z":0,"y":1}],"images":[{"url":"http://a/😀\n"}]},{"lot_id":"2","a":-0}]"#
        for style in Self.styles where style != CPython.Style() {
            let text = try CPython.canonical([Array(lots.utf8)], style: style)[0]
            let message = try #require(explanation(lots, signed: text), "\(style)")
            for phrase in Self.phrases { #expect(message.contains(phrase.says) == phrase.of(style), "\(message)") }
        }
    }

    @Test(
        "generated lots, some with repeated or unordered members, in every style",
        .enabled(if: CPython.isInstalled))
    func generated() throws {
        var generator = JSONGenerator(seed: 403)
        let documents = (0..<300).map { _ in
            "[" + (0..<3).map { _ in generator.document() }.joined(separator: ",") + "]"
        }
        let canonical = try CPython.canonical(documents.map { Array($0.utf8) })
        for style in Self.styles where style != CPython.Style() {
            let texts = try CPython.canonical(documents.map { Array($0.utf8) }, style: style)
            for (index, text) in texts.enumerated() where !text.isEmpty && text != canonical[index] {
                #expect(explanation(documents[index], signed: text) != nil, "\(style): \(documents[index])")
            }
        }
    }

    @Test("there is no detail if no usual form matches, or if the lots are over 64 KB")
    func silence() {
        let lots = Trial.batch(2)
        #expect(explanation(lots, signed: "something else") == nil)
        #expect(explanation(lots, signed: lots.replacing("lot-1", with: "lot-2")) == nil)
        let large = #"[\#(Trial.lot("é", #","note":"\#(String(repeating: "x", count: 30_000))""#))"#
        let pair = { (count: Int) in large + String(repeating: "," + large.dropFirst(), count: count - 1) + "]" }
        #expect(explanation(pair(1), signed: pair(1)) != nil)
        #expect(explanation(pair(3), signed: pair(3)) == nil)
        #expect(explanation("null", signed: "nil") == nil)
    }

    @Test("a signature under the previous key is explained too, in the body and in the header")
    func otherKeyAndPlace() {
        let lots = #"[{"lot_id":"é"}]"#
        let signature = SignatureKeys(shared: Trial.previous).sign(lots)
        let body = #"{"signature":"\#(signature)","lots":\#(lots)}"#
        #expect(Trial().explanation(body)?.message.contains("not ASCII-escaped") == true)
    }
}
