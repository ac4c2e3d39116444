// The report on each ended request, for counters: exactly one per request, for any outcome.
import Engine
import Server
import TestSupport
import Testing

@Suite("Ended requests", .timeLimit(.minutes(1)))
struct ServedTests {
    /// Marks every exchange with 7 and acts according to its path.
    private final class Counter: RequestHandler {
        var served: [ServedRequest] = []
        var kept: Exchange?
        var most = 0

        func handle(_ exchange: Exchange) {
            exchange.mark(7)
            switch exchange.head.path {
            case "/ok": exchange.respond(Reply(status: 204, body: []))
            case "/abort":
                exchange.beginReply(status: 200, headers: [], length: nil)
                exchange.abort()
            case "/short":
                exchange.beginReply(status: 200, headers: [], length: 5)
                exchange.finishReply()
            case "/forgotten": break
            case "/half-forgotten": exchange.beginReply(status: 200, headers: [], length: nil)
            case _: kept = exchange
            }
        }

        func served(_ request: ServedRequest) { served.append(request) }
        func connections(_ count: Int) { most = max(most, count) }
    }

    private func told(_ request: String, after: @escaping @Sendable (HTTPTestClient) -> Void = { _ in }) async throws
        -> ServedRequest
    {
        try await onLoop { loop in
            let counter = Counter()
            let listener = try HTTPListener(
                on: loop, address: BindAddress(host: "127.0.0.1", port: 0), handler: counter)
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            client.send(request)
            if request.contains("/keep") { while counter.kept == nil { await loop.yield() } }
            after(client)
            while counter.served.isEmpty { await loop.yield() }
            client.close()
            await listener.close()
            counter.kept = nil
            while listener.connectionCount > 0 { await loop.yield() }
            #expect(counter.served.count == 1 && counter.most == 1)
            return counter.served[0]
        }
    }

    private func get(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n" }

    @Test(
        "C9: with the reply's status, or without one if no whole reply was sent",
        arguments: [
            ("/ok", 204), ("/forgotten", 500), ("/abort", nil), ("/short", nil), ("/half-forgotten", nil),
        ] as [(String, Int?)])
    func endings(path: String, status: Int?) async throws {
        let request = try await told(get(path))
        #expect(request.tag == 7 && request.status == status)
        let nanoseconds = try #require(request.nanoseconds)
        #expect(nanoseconds >= 0)
    }

    @Test("C9: a client that disconnects leaves a request without a status")
    func gone() async throws {
        let request = try await told(get("/keep")) { $0.close() }
        #expect(request.tag == 7 && request.status == nil && request.nanoseconds != nil)
    }

    @Test("C9: an invalid request has a status but neither mark nor time")
    func noRequest() async throws {
        let request = try await told("nonsense\r\n\r\n")
        #expect(request == ServedRequest(tag: 0, status: 400, nanoseconds: nil))
    }
}
