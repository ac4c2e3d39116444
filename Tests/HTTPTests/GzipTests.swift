// Gzip in both directions, and its negotiation: pure, byte by byte.
import Engine
import TestSupport
import Testing

@testable import Server

/// A gzip member.
func gzipped(_ text: String) -> [UInt8] { GzipDeflater().deflate([UInt8](text.utf8), isLast: true) }

/// The inflated bytes of `bytes`, fed in `pieces`.
func inflated(_ pieces: [ArraySlice<UInt8>]) throws -> (bytes: [UInt8], isComplete: Bool) {
    let inflater = GzipInflater()
    var out: [UInt8] = []
    for piece in pieces {
        var rest = piece
        repeat {
            var used = 0
            out += try inflater.inflate(rest.span, used: &used)
            rest = rest.dropFirst(used)
        } while !rest.isEmpty || inflater.hasMore
    }
    return (out, inflater.isComplete)
}

@Suite("Gzip", .timeLimit(.minutes(1)))
struct GzipTests {
    private static let text = (0..<60).map { "{\"lot_id\":\"lot-\($0)\",\"a\":\($0 * 7919 % 1000)}" }.joined()
    private static let member = gzipped(text)

    @Test("a member reads the same for a cut at every byte, and is complete only at its last one")
    func cuts() throws {
        let member = Self.member
        for cut in 0...member.count {
            let whole = try inflated([member[..<cut], member[cut...]])
            #expect(whole.bytes.elementsEqual(Self.text.utf8) && whole.isComplete, "cut at \(cut)")
            let begun = try inflated([member[..<cut]])
            #expect(begun.isComplete == (cut == member.count), "ends at \(cut)")
            #expect(Self.text.utf8.starts(with: begun.bytes), "ends at \(cut)")
        }
        let single = try inflated(member.indices.map { member[$0...$0] })
        #expect(single.bytes.elementsEqual(Self.text.utf8) && single.isComplete)
    }

    @Test("a damaged byte is detected unless it has no meaning")
    func damaged() {
        var found = 0
        for index in Self.member.indices {
            for bit in [1, 16, 128] as [UInt8] {
                var member = Self.member
                member[index] ^= bit
                guard let read = try? inflated([member[...]]), read.isComplete else {
                    found += 1
                    continue
                }
                #expect(read.bytes.elementsEqual(Self.text.utf8), "byte \(index)")
            }
        }
        // Bytes without meaning are the time, the system and similar fields in the head: ten at most.
        #expect(found >= 3 * (Self.member.count - 10))
    }

    @Test(
        "bytes after the end, such as another member, are refused, in the same piece or the next",
        arguments: [gzipped("x"), [0], [UInt8]("{}".utf8)])
    func trailing(rest: [UInt8]) {
        #expect(throws: GzipInflater.Corrupt.self) { try inflated([(Self.member + rest)[...]]) }
        #expect(throws: GzipInflater.Corrupt.self) { try inflated([Self.member[...], rest[...]]) }
    }

    @Test("other data is refused: JSON, zlib's own form", arguments: ["{\"lots\":[]}", "\u{78}\u{1}"])
    func foreign(text: String) {
        #expect(throws: GzipInflater.Corrupt.self) { try inflated([[UInt8](text.utf8)[...]]) }
    }

    @Test("pieces of any size, even empty ones, make one member; zlib's buffered bytes are flushed at the end")
    func pieces() throws {
        var random = Seeded(7)
        var plain: [UInt8] = []
        var member: [UInt8] = []
        let deflater = GzipDeflater()
        for size in [0, 1, 70_000, 300_000, 5, 0, 40_000] {
            let piece = (0..<size).map { _ in UInt8.random(in: 60...90, using: &random) }
            plain += piece
            member += deflater.deflate(piece, isLast: false)
        }
        member += deflater.deflate([], isLast: true)
        let read = try inflated([member[...]])
        #expect(read.bytes == plain && read.isComplete && member.count < plain.count)
        let nothing = try inflated([GzipDeflater().deflate([], isLast: true)[...]])
        #expect(nothing.bytes.isEmpty && nothing.isComplete)
    }
}

@Suite("Negotiation of a reply's form", .timeLimit(.minutes(1)))
struct NegotiationTests {
    private static func head(_ fields: [String]) throws -> RequestHead {
        let text = "GET / HTTP/1.1\r\nHost: a\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
        return try RequestHead([UInt8](text.utf8), parser: LLHTTPParser())
    }

    @Test(
        "RFC 9110 12.5.3: gzip by its weight",
        arguments: [
            ([], false), ([""], false), (["gzip"], true), (["GZIP"], true), (["x-gzip"], true),
            (["br, gzip;q=0.5"], true), (["gzip;q=0"], false), (["gzip ; Q=0.000"], false), (["gzip;q=x"], false),
            (["gzip;q=-1"], false), (["gzip;q=nan"], false), (["deflate"], false), (["*"], false),
            (["gzip;q=0.5, identity"], false), (["gzip;q=0.5, identity;q=0.5"], true), (["identity;q=0, *"], true),
            (["identity;q=0, *;q=0"], false), (["deflate", "gzip"], true), (["gzipped"], false),
        ])
    func gzip(values: [String], wanted: Bool) throws {
        #expect(try Self.head(values.map { "Accept-Encoding: \($0)" }).wantsGzip == wanted)
    }

    @Test(
        "RFC 9110 12.5.1: our form by its weight, the default for clients that do not name it",
        arguments: [
            ("", false), ("*/*", false), ("application/json", false), ("application/x-ndjson", true),
            ("Application/X-NDJSON; charset=utf-8", true), ("application/x-ndjson, */*", true),
            ("application/x-ndjson, */*;q=0.5", true), ("application/x-ndjson;q=0.5, */*", false),
            ("application/x-ndjson;q=0.5, application/*;q=0.4, */*", true),
            ("application/x-ndjson, application/json", false),
            ("application/x-ndjson, application/json;q=0.9", true), ("application/x-ndjson;q=0", false),
            ("application/*", false), ("text/html", false),
        ])
    func form(value: String, preferred: Bool) throws {
        #expect(try Self.head(["Accept: \(value)"]).prefers("x-ndjson", to: "json") == preferred)
    }
}
