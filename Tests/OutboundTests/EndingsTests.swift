// How exchanges end early: time-outs, resets, cancellation, answers that are too large. Against raw sockets.
import Engine
import Foundation
import Testing

@Suite("Early ends of outgoing exchanges", .timeLimit(.minutes(1)))
struct EndingsTests {
    @Test(
        "the whole exchange is bounded: no answer, a stalled body, a body that trickles",
        arguments: ["", "head", "trickle"])
    func timeOut(stage: String) async throws {
        let server = TinyServer { connection in
            guard connection.readRequest() != nil, connection.write(plain("")), connection.readRequest() != nil else {
                return
            }
            if stage != "" { connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n") }
            while stage == "trickle", connection.write("x") { usleep(2000) }
            connection.waitForClose()
        }
        try await withClient { _, client in
            var request = OutboundRequest(url: server.url + "/secret?token=1")
            _ = try await client.send(request)  // so that the next one uses an open connection, without delay
            request.timeoutSeconds = 0.5
            let error = await client.failure(request)
            #expect(error?.kind == .timedOut)
            #expect(error?.mayHaveArrived == true)
            #expect(error?.message.contains("secret") == false && error?.message.contains("token") == false)
        }
    }

    @Test("a connection attempt has its own bound")
    func connectTimeOut() async throws {
        // A listener with a full queue that accepts nothing leaves connection attempts without an answer.
        let full = FullListener()
        let port = full.port
        try await withClient { _, client in
            var request = OutboundRequest(url: "http://127.0.0.1:\(port)/")
            request.connectSeconds = 0.1
            let error = await client.failure(request)
            #expect(error?.kind == .timedOut)
            #expect(error?.mayHaveArrived == false)
        }
        full.close()
    }

    @Test("a refused connection counts as not reached")
    func refused() async throws {
        let server = TinyServer { _ in }
        let url = server.url
        server.stop()
        try await withClient { _, client in
            let error = await client.failure(OutboundRequest(method: "POST", url: url, body: .bytes([1])))
            #expect(error?.kind == .connectFailed)
            #expect(error?.mayHaveArrived == false)
        }
    }

    @Test("an unresolvable name counts as not reached")
    func unresolved() async throws {
        try await withClient { _, client in
            // A label of over 63 bytes: no resolver queries a server for it, which might be slow or silent.
            let name = String(repeating: "x", count: 64) + ".invalid"
            let error = await client.failure(OutboundRequest(url: "http://\(name)/"))
            #expect(error?.kind == .resolveFailed)
            #expect(error?.mayHaveArrived == false)
        }
    }

    @Test("a request that was sent may have arrived when its connection breaks", arguments: [false, true])
    func broken(byReset: Bool) async throws {
        let server = TinyServer { connection in
            _ = connection.readRequest()
            if byReset { connection.reset() }
        }
        try await withClient { _, client in
            let error = await client.failure(OutboundRequest(method: "POST", url: server.url, body: .bytes([1])))
            #expect(error?.kind == .interrupted)
            #expect(error?.mayHaveArrived == true)
        }
    }

    @Test(
        "a truncated answer, or one that is not HTTP, is an error",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "SSH-2.0-x\r\n\r\n", "HTTP/1.1 200",
        ])
    func malformed(reply: String) async throws {
        let server = TinyServer { connection in
            _ = connection.readRequest()
            connection.write(reply)
        }
        try await withClient { _, client in
            #expect(await client.failure(OutboundRequest(url: server.url))?.kind == .interrupted)
        }
    }

    @Test("cancelling the task ends the exchange and closes its connection")
    func cancellation() async throws {
        let arrived = DispatchSemaphore(value: 0)
        let closed = DispatchSemaphore(value: 0)
        let server = TinyServer { connection in
            _ = connection.readRequest()
            arrived.signal()
            connection.waitForClose()
            closed.signal()
        }
        try await withClient { loop, client in
            var error: OutboundError?
            let task = loop.spawn { error = await client.failure(OutboundRequest(url: server.url)) }
            await wait(for: arrived)
            task.cancel()
            await task.value
            #expect(error?.kind == .cancelled)
            #expect(error?.mayHaveArrived == true)
            await wait(for: closed)
            #expect(client.exchangeCount == 0)
        }
    }

    @Test("a cancelled task sends nothing")
    func cancelledBefore() async throws {
        let server = TinyServer.answering { _ in plain("x") }
        try await withClient { loop, client in
            var kind: OutboundError.Kind?
            let task = loop.spawn {
                await loop.yield()
                kind = await client.failure(OutboundRequest(url: server.url))?.kind
            }
            task.cancel()
            await task.value
            #expect(kind == .cancelled)
        }
        #expect(server.connections == 0)
    }

    @Test("a cancel during a look-up does not block the loop")
    func cancelledResolving() async throws {
        var configuration = HTTPClientConfiguration()
        configuration.lookUp = { _, _, _ in true }  // begins, and never ends
        try await withClient(configuration) { loop, client in
            var kinds: [OutboundError.Kind?] = []
            let tasks = (0..<20).map { number in
                loop.spawn {
                    kinds.append(await client.failure(OutboundRequest(url: "http://host-\(number).example/"))?.kind)
                }
            }
            for task in tasks { task.cancel() }
            for task in tasks { await task.value }
            // None of them waited for the look-up.
            #expect(kinds == Array(repeating: .cancelled, count: 20))
        }
    }

    @Test("the size of an answer is bounded, its length known or not", arguments: ["length", "chunked", "close"])
    func tooLarge(framing: String) async throws {
        let closed = DispatchSemaphore(value: 0)
        let server = TinyServer { connection in
            _ = connection.readRequest()
            let chunk = String(repeating: "x", count: 1000)
            switch framing {
            case "length": connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
            case "chunked": connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            default: connection.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            }
            while connection.write(framing == "chunked" ? "3e8\r\n\(chunk)\r\n" : chunk) {}
            closed.signal()
        }
        try await withClient { _, client in
            var request = OutboundRequest(url: server.url)
            request.maxResponseBytes = 5000
            let error = await client.failure(request)
            #expect(error?.kind == .tooLarge)
            #expect(error?.mayHaveArrived == true)
            await wait(for: closed)
        }
    }

    @Test("an answer of exactly the bound is accepted, one byte more is refused")
    func atTheBound() async throws {
        let server = TinyServer.answering { request in
            let count = request.path == "/fits" ? 5000 : 5001
            return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(String(count, radix: 16))\r\n"
                + String(repeating: "x", count: count) + "\r\n0\r\n\r\n"
        }
        try await withClient { _, client in
            var request = OutboundRequest(url: server.url + "/fits")
            request.maxResponseBytes = 5000
            let answer = try await client.send(request)
            #expect(answer.body.count == 5000)
            request.url = server.url + "/over"
            #expect(await client.failure(request)?.kind == .tooLarge)
        }
    }

    @Test("endless header lines use bounded memory")
    func endlessHead() async throws {
        let server = TinyServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\n")
            while connection.write("X-A: \(String(repeating: "a", count: 1000))\r\n") {}
        }
        try await withClient { _, client in
            #expect(await client.failure(OutboundRequest(url: server.url))?.kind == .tooLarge)
        }
    }
}

/// Waits for a test server's thread without blocking the loop.
func wait(for semaphore: DispatchSemaphore) async {
    await withCheckedContinuation { continuation in
        Thread.detachNewThread {
            semaphore.wait()
            continuation.resume()
        }
    }
}

/// A listener whose queue of unaccepted connections is full.
final class FullListener {
    let port: Int
    private var sockets: [Int32]

    init() {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let length = size
        sockets = [listener]
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                _ = bind(listener, raw, length)
                _ = listen(listener, 0)
                _ = getsockname(listener, raw, &size)
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        for _ in 0..<4 {
            let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = connect(client, $0, length) }
            }
            sockets.append(client)
        }
    }

    func close() {
        for socket in sockets { _ = Foundation.close(socket) }
    }
}
