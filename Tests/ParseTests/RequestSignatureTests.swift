// Checks of signatures, and information before a valid one (C1.1 to C1.4, C1.7).
import Testing

@testable import Engine

@Suite("C1: signed requests", .timeLimit(.minutes(1)))
struct RequestSignatureTests {
    private let canonical = #"[{"images":[{"url":"https://example.com/1.jpg"}],"lot_id":"a","note":"\u00e9"}]"#
    private let lots = #"[ {"note":"é" , "lot_id":"a","images":[{"url":"https:\/\/example.com/1.jpg"}]} ]"#
    private var body: String { #"{"lots":\#(lots)}"# }

    private func withBodySignature(_ signature: String, lots: String? = nil) -> String {
        #"{"signature":"\#(signature)","lots":\#(lots ?? self.lots)}"#
    }

    @Test("C1.2, C1.3: the header may sign the canonical lots or the raw body, with either key")
    func header() {
        let previous = SignatureKeys(shared: Trial.previous)
        for signature in [
            Trial.keys.sign(canonical), Trial.keys.sign(body), previous.sign(canonical), previous.sign(body),
        ] {
            #expect(Trial().unsigned(body, header: signature).request?.lotCount == 1)
        }
    }

    @Test("C1.1: the body may carry the signature, before or after the lots")
    func inBody() {
        let signature = Trial.keys.sign(canonical)
        #expect(Trial().unsigned(withBodySignature(signature)).request != nil)
        #expect(Trial().unsigned(#"{"lots":\#(lots),"signature":"\#(signature)"}"#).request != nil)
        #expect(Trial().unsigned(#"{"lots":\#(lots),"signatur\u0065":"\#(signature)"}"#).request != nil)
        #expect(Trial().unsigned(#"{"signature":1,"lots":\#(lots),"signature":"\#(signature)"}"#).request != nil)
    }

    @Test("C1.1: if both are present the header decides")
    func both() {
        let good = Trial.keys.sign(canonical)
        let bad = Trial.keys.sign("something else")
        #expect(Trial().unsigned(withBodySignature(good), header: bad).error?.code == .invalidSignature)
        #expect(Trial().unsigned(withBodySignature(bad), header: good).request != nil)
    }

    @Test("C1.1: a missing one is 401, a wrong or malformed one 403")
    func refused() {
        #expect(Trial().unsigned(body).error?.code == .missingSignature)
        #expect(Trial().unsigned(#"{"signature":null,"lots":\#(lots)}"#).error?.code == .missingSignature)
        #expect(Trial().unsigned("{}").error?.code == .missingSignature)
        let wrong = Trial().unsigned(body, header: Trial.keys.sign("x")).error
        #expect(wrong == ServiceError(.invalidSignature, "Invalid HMAC signature"))
        for value in ["5", "[]", #""sha256=12""#, #""\#(String(repeating: "a", count: 100_000))""#] {
            let error = Trial().unsigned(#"{"signature":\#(value),"lots":\#(lots)}"#).error
            #expect(error?.code == .invalidSignature)
            #expect(error?.message.contains("Malformed") == true)
        }
    }

    @Test("C1.2: unknown fields are covered by the signature")
    func unknownFields() {
        let other = lots.replacing("é", with: "e")
        #expect(
            Trial().unsigned(withBodySignature(Trial.keys.sign(canonical), lots: other)).error?.code
                == .invalidSignature)
    }

    @Test("C1.4: the Node example's signature is refused by name, or accepted if configured")
    func nodeExample() {
        let two = Trial.batch(2)
        let body = withBodySignature(Trial.keys.sign("[{},{}]"), lots: two)
        let refused = Trial().unsigned(body).error
        #expect(refused?.code == .invalidSignature)
        #expect(refused?.message.contains("Node example") == true)
        #expect(Trial(acceptNodeExample: true).unsigned(body).request?.lotCount == 2)
        let three = withBodySignature(Trial.keys.sign("[{},{}]"), lots: Trial.batch(3))
        #expect(Trial(acceptNodeExample: true).unsigned(three).error == SignatureKeys.invalid)
        let mixed = withBodySignature(Trial.keys.sign("[{},{}]"), lots: "[{},1]")
        #expect(Trial(acceptNodeExample: true).unsigned(mixed).error == SignatureKeys.invalid)
    }

    @Test("C1.7: a caller without a valid signature learns nothing about lots, languages or sizes")
    func silence() {
        let invalid = [
            "[]", "{}", "null", "[1]", "[{}]", Trial.batch(51), #"[{"lot_id":"a","images":[{"url":"ftp://x"}]}]"#,
            "[\(Trial.lot("a")),\(Trial.lot("a"))]",
        ]
        for lots in invalid {
            let body = #"{"lots":\#(lots),"languages":["xx"],"version":"9"}"#
            #expect(Trial().unsigned(body).error?.code == .missingSignature)
            #expect(Trial().unsigned(body, header: Trial.keys.sign("x")).error?.code == .invalidSignature)
            #expect(Trial().signed(body).error?.code != .invalidSignature)
        }
    }

    @Test("C1.7: errors that prevent reading the request come first")
    func toldEarly() {
        #expect(Trial().unsigned("{} x").error?.code == .invalidJSON)
        #expect(Trial().unsigned("").error?.message == "Request body must be valid JSON")
        #expect(Trial().unsigned(#"{"lots":[{"#).error?.code == .invalidJSON)
        let missing = Trial().unsigned(#"{"languages":["en"]}"#, header: "sha256=x").error
        #expect(missing?.code == .missingField)
        #expect(missing?.fields == ["lots"])
        let large = #"{"lots":[{"a":"\#(String(repeating: "x", count: Limits.lotBytes))"#
        let error = Trial().read(Array(large.utf8))
        #expect(error.error?.code == .lotTooLarge)
        #expect(error.early)
    }

    @Test("C1.2: the last of repeated `lots` counts, also for the signature")
    func repeatedLots() {
        let first = "[\(Trial.lot("old", #","webhook":"ftp://bad""#)),5]"
        let body = #"{"lots":\#(first),"lots":\#(lots)}"#
        let outcome = Trial().unsigned(body, header: Trial.keys.sign(canonical))
        #expect(outcome.request?.lotCount == 1)
        #expect(outcome.resets == 1)
        #expect(outcome.rows.map(\.lotID) == [Array("a".utf8)])
        #expect(Trial().signed(#"{"lots":\#(lots),"lots":null}"#).error?.code == .invalidField)
    }

    @Test("C1.2: lots other than an array of objects are signed as well")
    func otherLots() {
        for (lots, canonical) in [
            ("{ \"b\":1,\"a\":2 }", #"{"a":2,"b":1}"#), (" null ", "null"), ("1e5", "100000.0"), ("[ ]", "[]"),
            ("[1, [ ],\"é\"]", #"[1,[],"\u00e9"]"#),
        ] {
            let outcome = Trial().unsigned(#"{"lots":\#(lots)}"#, header: Trial.keys.sign(canonical))
            #expect(outcome.error?.code == .invalidField, "\(lots)")
        }
    }
}
