// Base64 against RFC 4648's vectors and Foundation.
import Foundation
import TestSupport
import Testing

@testable import Engine

@Suite("Base64", .timeLimit(.minutes(1)))
struct Base64Tests {
    @Test(
        "RFC 4648, section 10",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func vectors(_ plain: String, _ encoded: String) {
        #expect(Base64.text(Array(plain.utf8)) == encoded)
    }

    @Test("around the ends of blocks, after existing bytes", arguments: [12_287, 12_288, 12_289, 24_576, 100_003])
    func blocks(_ count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7919 >> 3) }
        var out = Array("data:".utf8)
        Base64.append(bytes, to: &out)
        #expect(out == Array("data:".utf8) + Array(Data(bytes).base64EncodedData()))
    }
}
