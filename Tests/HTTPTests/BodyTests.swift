// Request bodies over real sockets: framing, limits, back-pressure, early replies.
import Engine
import Server
import TestSupport
import Testing

/// Answers with the body's length and sum, or with its failure.
@Sendable func sumBody(_ exchange: Exchange) {
    exchange.loop.spawn {
        do throws(BodyFailure) {
            let body = try await exchange.collectBody(limit: 1_000_000)
            let sum = body.reduce(0) { $0 + Int($1) }
            exchange.respond(Reply(status: 200, body: [UInt8]("\(body.count) \(sum)".utf8)))
        } catch {
            exchange.respond(Reply(status: 500, body: [UInt8]("late".utf8)))  // dropped: the server has replied
        }
    }
}

/// Counts a body and holds it back after each piece until the test continues it.
private final class Holder: BodyReceiver {
    let exchange: Exchange
    var received = 0
    var pieces = 0
    var ended = false
    var failure: BodyFailure?
    init(_ exchange: Exchange) { self.exchange = exchange }

    func body(_ bytes: Span<UInt8>) {
        received += bytes.count
        pieces += 1
        exchange.pauseBody()
    }
    func bodyEnded() {
        ended = true
        exchange.respond(Reply(status: 200, body: [UInt8]("\(received)".utf8)))
    }
    func bodyFailed(_ failure: BodyFailure) { self.failure = failure }
}

@Suite("Request bodies", .timeLimit(.minutes(1)))
struct BodyTests {
    @Test("a chunked request reads the same for a split at every byte")
    func splitEverywhere() async throws {
        let request =
            "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "3\r\nabc\r\n0A;name=\"v\"\r\n0123456789\r\n1\r\n\n\r\n0\r\nTrailer: x\r\n\r\n"
        let bytes = [UInt8](request.utf8)
        let sum = ("abc0123456789\n").utf8.reduce(0) { $0 + Int($1) }
        try await serving(.init(), sumBody) { listener, loop in
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            for split in 1..<bytes.count {
                client.send(Array(bytes[..<split]))
                await loop.yield()
                await loop.yield()
                client.send(Array(bytes[split...]))
                #expect(try await client.reply().text == "14 \(sum)", "split at \(split)")
            }
            for byte in bytes {
                client.send([byte])
                await loop.yield()
            }
            #expect(try await client.reply().text == "14 \(sum)")
            client.close()
        }
    }

    @Test("bodies with a length, pipelined")
    func lengths() async throws {
        try await serving(.init(), sumBody) { listener, loop in
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            let sizes = [0, 1, 100, 65_536, 300_000, 5]
            for size in sizes {
                client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n")
                client.send([UInt8](repeating: 1, count: size))
            }
            for size in sizes { #expect(try await client.reply().text == "\(size) \(size)") }
            client.close()
        }
    }

    static let badChunks = [
        "g\r\n", "-1\r\n", "\r\n", "3\nabc\n0\n\n", "3\r\nabcd\r\n", "3\r\nabc\n", "ffffffffffffffffff\r\n",
        "3 \r\nabc\r\n", "0x3\r\nabc\r\n",
        "3\r\nabc\r\n0\r\nBad Trailer: x\r\n\r\n", "3\r\nabcX", "0\r\nX: " + String(repeating: "y", count: 40_000),
        "1;" + String(repeating: "e", count: 40_000), String(repeating: "0", count: 40_000),
    ]

    @Test("C4.1: invalid chunks get 400 and close the connection", arguments: badChunks)
    func refusedChunks(chunks: String) async throws {
        try await serving(.init(), sumBody) { listener, loop in
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            client.send(chunks)
            let reply = try await client.reply()
            #expect(reply.status == 400 && reply.text.contains(#""code":"BAD_REQUEST""#))
            #expect(reply.header("Connection") == "close")
            #expect(try await client.readToEnd() == [])
            client.close()
        }
    }

    @Test("100 Continue is sent once, when the handler requests the body")
    func continues() async throws {
        try await serving(.init(), sumBody) { listener, loop in
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            for _ in 0..<3 {
                client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
                #expect(try await client.reply().status == 100)
                client.send("\u{1}\u{2}\u{3}")
                #expect(try await client.reply().text == "3 6")
            }
            client.close()
        }
    }

    @Test("C3: a body too large by its length is refused before a byte of it is read, also with Expect: 100-continue")
    func tooLargeByLength() async throws {
        try await serving(.init(), sumBody) { listener, loop in
            for expect in ["", "Expect: 100-continue\r\n"] {
                let text = try await everything(
                    listener, loop, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000001\r\n\(expect)\r\n")
                #expect(text.hasPrefix("HTTP/1.1 413 "))
                #expect(text.contains("BODY_TOO_LARGE") && text.contains("Connection: close\r\n"))
            }
        }
    }

    @Test("C3: a chunked body is counted while it arrives")
    func tooLargeInChunks() async throws {
        try await serving(.init(), sumBody) { listener, loop in
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk = [UInt8]("10000\r\n".utf8) + [UInt8](repeating: 0, count: 65_536) + [13, 10]
            for _ in 0..<16 { client.send(chunk) }
            let reply = try await client.reply()
            #expect(reply.status == 413 && reply.text.contains("BODY_TOO_LARGE"))
            client.close()
        }
    }

    @Test("an early reply reaches a client that is still sending a large body")
    func earlyReply() async throws {
        try await serving(.init(), { $0.respond(Reply(status: 403, body: [UInt8]("no".utf8))) }) { listener, loop in
            for _ in 0..<5 {
                let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
                let size = 20_000_000
                client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n")
                client.send([UInt8](repeating: 7, count: size))
                try await client.wait { client.stream.unsentBytes == 0 || client.hasEnded }
                let reply = try await client.reply()
                #expect(reply.status == 403 && reply.text == "no" && reply.header("Connection") == "close")
                #expect(client.failure == nil)
                client.close()
            }
        }
    }

    @Test("the bytes discarded after an early reply are bounded")
    func lingerBound() async throws {
        var configuration = HTTPServerConfiguration()
        configuration.lingerBytes = 1_000_000
        try await serving(configuration, { $0.respond(Reply(status: 403, body: [])) }) { listener, loop in
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
            client.send([UInt8](repeating: 7, count: 30_000_000))
            try await client.wait { client.failure != nil }
            #expect(client.stream.unsentBytes > 0 || listener.connectionCount == 0)
            client.close()
        }
    }

    @Test("an unread short body is skipped and the connection stays open")
    func skipped() async throws {
        try await serving(.init(), echoLine) { listener, loop in
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            for number in 0..<20 {
                client.send("POST /\(number) HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n")
                let reply = try await client.reply()
                #expect(reply.text == "POST /\(number)" && reply.header("Connection") == nil)
                client.send([UInt8](repeating: 65, count: 5000))
            }
            client.close()
        }
    }

    @Test(
        "a body held back slows its sender, in bounded memory, and continues at the same byte",
        arguments: [true, false])
    func backPressure(chunked: Bool) async throws {
        let holders = Lock<[LoopBound<Holder>]>([])
        try await serving(
            .init(),
            { exchange in
                let holder = Holder(exchange)
                let bound = LoopBound(holder, on: exchange.loop)
                holders.withLock { $0.append(bound) }
                exchange.receiveBody(limit: .max, into: holder)
            }
        ) { listener, loop in
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            let size = 50_000_000
            let framing = chunked ? "Transfer-Encoding: chunked" : "Content-Length: \(size)"
            client.send(
                "POST / HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n" + (chunked ? String(size, radix: 16) + "\r\n" : ""))
            client.send([UInt8](repeating: 1, count: size))
            if chunked { client.send("\r\n0\r\n\r\n") }
            while holders.withLock({ $0.first })?.value.pieces != 1 { await loop.yield() }
            let holder = try #require(holders.withLock { $0.first }).value
            // The kernel's buffers fill up, then nothing moves.
            var before = -1
            while before != client.stream.unsentBytes {
                before = client.stream.unsentBytes
                try await loop.sleep(seconds: 0.05)
            }
            #expect(before > 10_000_000)
            #expect(holder.pieces == 1 && holder.received <= Loop.readBufferBytes)
            while !holder.ended {
                holder.exchange.resumeBody()
                await loop.yield()
            }
            #expect(try await client.reply().text == "\(size)")
            client.close()
        }
        holders.withLock { $0 = [] }
    }

    @Test("bodies held back at their last byte still end", arguments: [true, false])
    func heldAtTheEnd(chunked: Bool) async throws {
        try await serving(
            .init(),
            { exchange in
                let holder = Holder(exchange)
                exchange.receiveBody(limit: .max, into: holder)
                exchange.loop.spawn {
                    while !holder.ended {
                        await exchange.loop.yield()
                        exchange.resumeBody()
                    }
                }
            }
        ) { listener, loop in
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            let framed =
                chunked ? "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n" : "Content-Length: 5\r\n\r\nabcde"
            client.send("POST / HTTP/1.1\r\nHost: a\r\n\(framed)GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await client.reply().text == "5")
            #expect(try await client.reply().text == "0")
            client.close()
        }
    }

    @Test("C3: a pause in the body gets 408 and closes the connection")
    func pauseTooLong() async throws {
        var configuration = HTTPServerConfiguration()
        configuration.bodyPauseSeconds = 0.8
        try await serving(configuration, sumBody) { listener, loop in
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n")
            var wasHeldUp = false  // by the machine, not by the server
            for _ in 0..<5 where !wasHeldUp {
                client.send("x")
                let sent = Monotonic.seconds()
                try await loop.sleep(seconds: 0.2)  // slower than the limit in total, but never between two bytes
                wasHeldUp = Monotonic.seconds() - sent > 0.35
            }
            #expect(client.received.isEmpty || wasHeldUp)
            let reply = try await client.reply()
            #expect(reply.status == 408 && reply.text.contains("REQUEST_TIMEOUT"))
            #expect(try await client.readToEnd() == [])
            client.close()
        }
    }
}
