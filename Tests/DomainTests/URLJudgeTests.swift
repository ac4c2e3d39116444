// URLs checked one after the other get the same verdicts as separately (C3.3). Any thread.
import Testing

@testable import Engine

@Suite("Many untrusted URLs", .timeLimit(.minutes(1)))
struct URLJudgeTests {
    private let policy = AddressPolicy()

    private static let usual = [
        "https://img0.example.com/auction/72b2221a58/photo_01.jpg", "https://img1.example.com/auction/1.jpg",
        "http://img0.example.com/auction/photo", "https://exampl.e/0123456789", "http://a.co/01234567890",
        "https://\(String(repeating: "a", count: 60)).com/x", "http://8.8.8.8/0123456789", "http://127.0.0.1/123456",
        "https://localhost/01234567", "https://a.localhost/0123", "https://example.com.:443/1",
        "https://example.com./1",
        "https://user@example.com/1", "https://EXAMPLE.com/12345", "https://example.com?/1", "https://ex_a-mple.com/",
    ]

    /// Bytes that end, change or invalidate a URL.
    private static let telling: [UInt8] = [
        0x00, 0x1F, 0x20, 0x21, 0x2F, 0x3A, 0x3F, 0x40, 0x5B, 0x5C, 0x5D, 0x7E, 0x7F, 0x80, 0xC3,
    ]

    @Test("a judge that knows the hosts gives the same verdicts as a new one")
    func remembered() {
        var judge = URLJudge(policy: policy)
        for url in Self.usual + Self.usual.reversed() + Self.usual {
            let bytes = Array(url.utf8)
            #expect(judge.problem(bytes.span) == WebURL.problem(bytes.span, policy: policy), "\(url)")
        }
    }

    @Test("any byte changed, and cut anywhere")
    func damaged() {
        var judge = URLJudge(policy: policy)
        for url in Self.usual {
            let bytes = Array(url.utf8)
            for index in bytes.indices {
                for byte in Self.telling {
                    var damaged = bytes
                    damaged[index] = byte
                    _ = judge.problem(bytes.span)
                    let alone = WebURL.problem(damaged.span, policy: policy)
                    #expect(judge.problem(damaged.span) == alone, "\(damaged)")
                }
                let cut = bytes.prefix(index)
                #expect(judge.problem(Array(cut).span) == WebURL.problem(Array(cut).span, policy: policy))
            }
        }
    }

    @Test("more hosts than the judge remembers")
    func manyHosts() {
        var judge = URLJudge(policy: policy)
        for round in 0..<2 {
            for number in 0..<1000 {
                let name = number % 7 == 0 ? "10.0.0.\(number % 250)" : "img\(number).example.com"
                let bytes = Array("https://\(name)/\(round)".utf8)
                #expect(judge.problem(bytes.span) == WebURL.problem(bytes.span, policy: policy))
            }
        }
    }
}
