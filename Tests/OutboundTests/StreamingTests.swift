// Bodies streamed in both directions; the peer's view shows the back-pressure.
import Engine
import Foundation
import Testing

@Suite("Streamed bodies", .timeLimit(.minutes(1)))
struct StreamingTests {
    private static func upload(_ url: String, _ length: Int, _ source: PieceSource) -> OutboundRequest {
        OutboundRequest(method: "POST", url: url, body: .stream(length: length, source: source))
    }

    @Test("a slow source is sent piece by piece, with its length, and nothing is lost")
    func slowUpload() async throws {
        let server = TinyServer.answering { request in
            plain(
                [
                    request.header("content-length") ?? "", request.header("transfer-encoding") ?? "none",
                    "\(Checksum.of(request.body))",
                ].joined(separator: " ")
            )
        }
        try await withClient { loop, client in
            let pieces = (0..<40).map { number in [UInt8](repeating: UInt8(number), count: number * 997) }
            let all = pieces.flatMap { $0 }
            let source = PieceSource { number in
                if number % 3 == 0 { try await loop.sleep(seconds: 0.001) }
                if number % 3 == 1 { await loop.yield() }
                return number < pieces.count ? pieces[number] : nil
            }
            let answer = try await client.send(Self.upload(server.url, all.count, source))
            #expect(String(decoding: answer.body, as: UTF8.self) == "\(all.count) none \(Checksum.of(all))")
            #expect(source.calls == 41)
        }
    }

    @Test("a large upload is pulled no faster than the peer reads")
    func uploadBackPressure() async throws {
        let mayRead = DispatchSemaphore(value: 0)
        let arrived = DispatchSemaphore(value: 0)
        let piece = 64 * 1024
        let count = 512
        let server = TinyServer { connection in
            _ = connection.readHead()
            arrived.signal()
            mayRead.wait()
            var received = connection.pendingCount
            while received < piece * count, let bytes = connection.readSome() { received += bytes.count }
            connection.write(plain("\(received)"))
        }
        try await withClient { loop, client in
            let source = PieceSource { $0 < count ? [UInt8](repeating: 1, count: piece) : nil }
            var text = ""
            let task = loop.spawn {
                if let answer = try? await client.send(Self.upload(server.url, piece * count, source)) {
                    text = String(decoding: answer.body, as: UTF8.self)
                }
            }
            await wait(for: arrived)
            // Until the sockets' buffers are full: then the source is no longer pulled.
            var before = -1
            while source.calls != before {
                before = source.calls
                try await loop.sleep(seconds: 0.05)
            }
            #expect(source.calls < count / 2)
            mayRead.signal()
            await task.value
            #expect(text == "\(piece * count)")
        }
    }

    @Test(
        "a source that fails, stops early or gives too much ends the exchange", arguments: ["fails", "short", "long"])
    func badSource(how: String) async throws {
        struct Broken: Error {}
        let server = TinyServer { connection in
            _ = connection.readHead()
            connection.waitForClose()
        }
        try await withClient { loop, client in
            let source = PieceSource { number in
                if number < 3 { return [UInt8](repeating: 1, count: 1000) }
                if how == "fails" { throw Broken() }
                return how == "short" ? nil : [UInt8](repeating: 1, count: 3000)
            }
            let error = await client.failure(Self.upload(server.url, 5000, source))
            #expect(error?.kind == .sourceFailed)
            let calls = source.calls
            await loop.yield()
            #expect(source.calls == calls)
        }
    }

    @Test("an upload with an early answer keeps the answer or ends as interrupted")
    func earlyAnswer() async throws {
        let server = TinyServer { connection in
            _ = connection.readHead()
            connection.write(plain("no", status: "413 Content Too Large", "Connection: close\r\n"))
            connection.waitForClose()
        }
        try await withClient { _, client in
            let source = PieceSource { $0 < 100 ? [UInt8](repeating: 1, count: 100_000) : nil }
            do throws(OutboundError) {
                let answer = try await client.send(Self.upload(server.url, 10_000_000, source))
                #expect(answer.status == 413)
            } catch {
                #expect(error.kind == .interrupted)
            }
        }
    }

    @Test("cancelling an upload stops its source")
    func cancelledUpload() async throws {
        let arrived = DispatchSemaphore(value: 0)
        let server = TinyServer { connection in
            _ = connection.readHead()
            arrived.signal()
            connection.waitForClose()
        }
        try await withClient { loop, client in
            var ended = false
            let source = PieceSource { number in
                if number == 0 { return [1] }
                defer { ended = true }
                try await loop.sleep(seconds: 3600)
                return nil
            }
            var kind: OutboundError.Kind?
            let task = loop.spawn { kind = await client.failure(Self.upload(server.url, 100, source))?.kind }
            await wait(for: arrived)
            while source.calls < 2 { await loop.yield() }
            task.cancel()
            await task.value
            #expect(kind == .cancelled)
            #expect(ended)
        }
    }

    @Test("an answer is pulled; without a reader its server is held back")
    func downloadBackPressure() async throws {
        let total = 64 * 1024 * 1024
        let sent = Lock(0)
        let server = TinyServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: \(total)\r\n\r\n")
            let chunk = [UInt8](repeating: 7, count: 64 * 1024)
            for _ in 0..<total / chunk.count where connection.write(chunk) { sent.withLock { $0 += chunk.count } }
        }
        try await withClient { loop, client in
            let stream = try await client.open(OutboundRequest(url: server.url))
            #expect(stream.status == 200 && stream.header("x-a") == "b" && stream.address == "127.0.0.1")
            var before = -1
            while true {
                let now = sent.withLock { $0 }
                if now == before, now > 0 { break }
                before = now
                try await loop.sleep(seconds: 0.05)
            }
            #expect(before < total / 2)
            var received = 0
            var largest = 0
            while let bytes = try await stream.next() {
                received += bytes.count
                largest = max(largest, bytes.count)
            }
            #expect(received == total)
            #expect(largest <= 512 * 1024)
            let after = try await stream.next()
            #expect(after == nil)
        }
    }

    @Test("the head arrives before the body does")
    func headFirst() async throws {
        let go = DispatchSemaphore(value: 0)
        let server = TinyServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n")
            go.wait()
            connection.write("ok")
        }
        try await withClient { _, client in
            let stream = try await client.open(OutboundRequest(url: server.url))
            #expect(stream.status == 201)
            go.signal()
            let body = try await stream.next()
            #expect(body == Array("ok".utf8))
        }
    }

    @Test("a dropped or cancelled stream closes its connection", arguments: [true, false])
    func dropped(byCancel: Bool) async throws {
        let closed = DispatchSemaphore(value: 0)
        let server = TinyServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nabc")
            connection.waitForClose()
            closed.signal()
        }
        try await withClient { _, client in
            do {
                let stream = try await client.open(OutboundRequest(url: server.url))
                let first = try await stream.next()
                #expect(first == Array("abc".utf8))
                if byCancel {
                    stream.cancel()
                    do throws(OutboundError) {
                        _ = try await stream.next()
                        Issue.record("a cancelled stream went on")
                    } catch { #expect(error.kind == .cancelled) }
                }
            }
            await wait(for: closed)
            #expect(client.exchangeCount == 0)
        }
    }

    @Test("a truncated body is an error after its bytes")
    func brokenBody() async throws {
        let server = TinyServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc")
        }
        try await withClient { _, client in
            let stream = try await client.open(OutboundRequest(url: server.url))
            do throws(OutboundError) {
                while try await stream.next() != nil {}
                Issue.record("half a body was taken for a whole one")
            } catch { #expect(error.kind == .interrupted && error.mayHaveArrived) }
        }
    }
}

enum Checksum {
    static func of(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    }
}
