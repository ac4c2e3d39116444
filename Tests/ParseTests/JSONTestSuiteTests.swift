// The cases of JSONTestSuite: those that every parser must accept or refuse, and our choice for the others.
import TestSupport
import Testing

@testable import Engine

@Suite("C1.2: JSONTestSuite", .timeLimit(.minutes(1)))
struct JSONTestSuiteTests {
    /// Cases up to this length are cut at each byte.
    private static let shortBytes = 200

    @Test("the table is complete")
    func table() throws {
        let cases = try JSONTestCase.all()
        let counts = Dictionary(grouping: cases, by: \.verdict).mapValues(\.count)
        #expect(counts == [.everybodyAccepts: 95, .everybodyRefuses: 188, .weAccept: 20, .weRefuse: 15])
        #expect(Set(cases.map(\.name)).count >= 300)
        #expect(cases.contains { $0.bytes.count == 100_000 } && cases.contains { $0.bytes.isEmpty })
    }

    /// As a document, as a lot's member within a signed request, and cut anywhere in two.
    @Test("the reader accepts and refuses them correctly, in any pieces")
    func reader() throws {
        for input in try JSONTestCase.all() {
            #expect(((try? JSONValue.parse(input.bytes)) != nil) == input.isAccepted, "\(input.name)")
            for cut in 0...input.bytes.count where cut == 0 || input.bytes.count <= Self.shortBytes {
                #expect(isRead(Self.request(input), cut: cut) == input.isAccepted, "\(input.name) cut at \(cut)")
            }
        }
    }

    /// Without surrounding white space, which the writer never gets.
    @Test("the canonical writer writes accepted cases as JSON, with a stable result, and refuses the rest")
    func writer() throws {
        var writer = CanonicalWriter(order: .byKey, maxDepth: 128)
        var again = CanonicalWriter()
        for input in try JSONTestCase.all() {
            let text = Self.trimmed(input.bytes)
            let end = text.isEmpty ? nil : writer.writeLot(text.span, isWhole: true)
            #expect((end == text.count) == input.isAccepted, "\(input.name)")
            guard input.isAccepted else { continue }
            var whole = CanonicalWriter()
            whole.write(text.span)
            // CPython writes it in this form, which is no JSON.
            if whole.output.contains(UInt8(ascii: "I")), input.name.contains("number") { continue }
            again.write(whole.output.span)
            #expect(again.output == whole.output && !whole.output.isEmpty, "\(input.name)")
        }
    }

    // MARK: Helpers

    /// A request with the case as a lot's additional member.
    private static func request(_ input: JSONTestCase) -> [UInt8] {
        let lot = #"{"lot_id":"a","images":[{"url":"https://example.com/1.jpg"}],"more":"#
        return Array((#"{"lots":["# + lot).utf8) + input.bytes + Array("}]}".utf8)
    }

    /// True if the reader accepts a request as JSON, with a matching signature.
    private func isRead(_ body: [UInt8], cut: Int) -> Bool {
        let header = Trial.keys.sign(body)
        return Trial().read(body, header: header, cuts: [cut]).error?.code != .invalidJSON
    }

    private static func trimmed(_ bytes: [UInt8]) -> [UInt8] {
        let start = bytes.drop { JSONText.isSpace($0) }
        return Array(start.reversed().drop { JSONText.isSpace($0) }.reversed())
    }
}
