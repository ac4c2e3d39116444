// Compressed request bodies over real sockets: limits, turns, back-pressure, damage.
import Engine
import TestSupport
import Testing

@testable import Server

/// Sums up a body that is inflated on the fly, as its handler would; holds it back after every `holds`-th piece.
private final class Summing: BodyReceiver {
    private let exchange: Exchange
    private let holds: Int
    private var source: GunzippedBody?
    private var pieces = 0
    private var length = 0
    private var sum = 0
    private var turn = 0
    private var turnMax = 0
    private var isTurnMarked = false

    init(_ exchange: Exchange, limit: Int, holds: Int) {
        self.exchange = exchange
        self.holds = holds
        let source = GunzippedBody(exchange)
        self.source = source
        source.receiveBody(limit: limit, into: self)
    }

    func body(_ bytes: Span<UInt8>) {
        for index in bytes.indices { sum &+= Int(bytes[index]) }
        length += bytes.count
        pieces += 1
        turn += bytes.count
        turnMax = max(turnMax, turn)
        markTurn()
        guard holds > 0, pieces % holds == 0 else { return }
        source?.pauseBody()
        // Every other time at once, which is permitted as well.
        if pieces % (2 * holds) == 0 { source?.resumeBody() } else { exchange.loop.later { self.source?.resumeBody() } }
    }

    private func markTurn() {
        guard !isTurnMarked else { return }
        isTurnMarked = true
        exchange.loop.later {
            self.turn = 0
            self.isTurnMarked = false
        }
    }

    func bodyEnded() { reply("\(length) \(sum) \(turnMax)") }
    func bodyFailed(_ failure: BodyFailure) { reply("\(failure) \(length) \(turnMax)") }

    private func reply(_ text: String) {
        source = nil
        exchange.respond(Reply(status: 200, body: [UInt8](text.utf8)))
    }
}

@Suite("Compressed request bodies", .timeLimit(.minutes(1)))
struct GunzippedBodyTests {
    private static let limit = 8 * 1024 * 1024

    private static func post(_ member: [UInt8], chunk: Int? = nil, holds: Int = 0) async throws -> [String] {
        try await onLoop { loop in
            let listener = try HTTPListener(
                on: loop, address: BindAddress(host: "127.0.0.1", port: 0), configuration: .init(),
                handler: ClosureHandler { _ = Summing($0, limit: Self.limit, holds: holds) })
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            if let chunk {
                client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                for start in stride(from: 0, to: member.count, by: chunk) {
                    let piece = member[start..<min(start + chunk, member.count)]
                    client.send([UInt8]("\(String(piece.count, radix: 16))\r\n".utf8) + piece + [13, 10])
                    await loop.yield()
                }
                client.send("0\r\n\r\n")
            } else {
                client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(member.count)\r\n\r\n")
                client.send(member)
            }
            let words = try await client.reply().text.split(separator: " ").map(String.init)
            client.close()
            await listener.close()
            #expect(listener.connectionCount == 0)
            return words
        }
    }

    /// Random data that deflates to about half.
    private static let plain: [UInt8] = {
        var random = Seeded(3)
        return (0..<3_000_000).map { _ in UInt8.random(in: 32...47, using: &random) }
    }()

    @Test("the whole body arrives, with any framing and any pauses of its receiver", arguments: [0, 1, 2, 5])
    func arrives(holds: Int) async throws {
        let member = GzipDeflater().deflate(Self.plain, isLast: true)
        let sum = Self.plain.reduce(0) { $0 + Int($1) }
        for chunk in [nil, 65_536, 7001] {
            let words = try await Self.post(member, chunk: chunk, holds: holds)
            #expect(words.prefix(2) == ["\(Self.plain.count)", "\(sum)"], "chunks of \(chunk ?? 0)")
        }
    }

    @Test("one byte at a time")
    func trickling() async throws {
        let member = gzipped(String(repeating: "0123456789", count: 40))
        #expect(try await Self.post(member, chunk: 1).prefix(2) == ["400", "21000"])
    }

    @Test("C3: a bomb is cut at the limit, and no turn of the loop passes on more than its bound")
    func bomb() async throws {
        let bomb = GzipDeflater().deflate([UInt8](repeating: 0, count: 60_000_000), isLast: true)
        #expect(bomb.count < 300_000)
        let words = try await Self.post(bomb)
        let (length, turn) = (try #require(Int(words[1])), try #require(Int(words[2])))
        #expect(words[0] == "tooLarge" && length <= Self.limit && length > Self.limit - GzipInflater.blockBytes)
        #expect(turn <= GunzippedBody.turnBytes + GzipInflater.blockBytes && turn >= GunzippedBody.turnBytes)
        let exact = GzipDeflater().deflate([UInt8](repeating: 1, count: Self.limit), isLast: true)
        #expect(try await Self.post(exact).first == "\(Self.limit)")
        let over = GzipDeflater().deflate([UInt8](repeating: 1, count: Self.limit + 1), isLast: true)
        #expect(try await Self.post(over).first == "tooLarge")
    }

    @Test("a body that is not one whole member fails instead of ending")
    func damaged() async throws {
        let member = gzipped(String(repeating: "{\"a\":1}", count: 50_000))
        var damaged = member
        damaged[member.count - 6] ^= 1
        for body in [[], [0], Array(member.dropLast()), damaged, member + [0], member + member] {
            #expect(try await Self.post(body).first == "corrupted", "\(body.count)")
            if !body.isEmpty { #expect(try await Self.post(body, chunk: 9, holds: 1).first == "corrupted") }
        }
    }
}
