// Rebinding names: the owner of a name answers with a permitted address at the first look-up and with a forbidden one
// later. Nothing may ever be sent to the forbidden one (C7).
import Engine
import Foundation
import Server
import TestSupport
import Testing

@Suite("C7: rebinding names, over both kinds of URL", .timeLimit(.minutes(2)))
struct RebindingTests {
    /// The permitted address; 127.0.0.1 is forbidden and has a listener on the same port.
    private static let permitted = "127.0.0.2"
    private static let forbidden = "127.0.0.1"

    @Test("C7: images: a name that was permitted at its first look-up is checked again at the next one")
    func images() async throws {
        try await RebindingWorld.with(["turns.example": [[Self.permitted], [Self.forbidden], [Self.permitted]]]) {
            world in
            for isReached in [true, false, true] {
                let code = try await world.describe("http://turns.example:PORT/a.png")
                #expect((code == "INVALID_IMAGE_URLS") == !isReached, "\(code ?? "")")
            }
            #expect(world.requests == ["/a.png", "/a.png"])
            #expect(world.names.asked == Array(repeating: "turns.example", count: 3))
        }
    }

    @Test("C7: images: only the permitted ones of several addresses are tried, in any order; IPv6 is not among them")
    func mixed() async throws {
        let book = [
            "first.example": [[Self.forbidden, Self.permitted]], "last.example": [[Self.permitted, Self.forbidden]],
            "six.example": [["::1", "::ffff:127.0.0.1", Self.permitted]],
            "none.example": [[Self.forbidden, "::1", "::ffff:127.0.0.1", "0.0.0.0", "10.0.0.1"]],
        ]
        try await RebindingWorld.with(book) { world in
            for name in ["first", "last", "six"] {
                let code = try await world.describe("http://\(name).example:PORT/a.png")
                #expect(code != "INVALID_IMAGE_URLS", "\(name)")
            }
            #expect(world.requests.count == 3)
            let code = try await world.describe("http://none.example:PORT/a.png")
            #expect(code == "INVALID_IMAGE_URLS")
            #expect(world.requests.count == 3)
        }
    }

    @Test("C7: images: by redirect, to a name that rebinds and to others")
    func redirects() async throws {
        let book = [
            "turns.example": [[Self.permitted], [Self.forbidden]], "good.example": [[Self.permitted]],
            "bad.example": [[Self.forbidden]], "mixed.example": [[Self.forbidden, Self.permitted]],
        ]
        try await RebindingWorld.with(book) { world in
            for (to, isReached) in [("turns", true), ("turns", false), ("bad", false), ("mixed", true)] {
                let code = try await world.describe(
                    "http://good.example:PORT/to?http://\(to).example:PORT/a.png")
                #expect((code == "INVALID_IMAGE_URLS") == !isReached, "\(to): \(code ?? "")")
            }
            #expect(world.requests.filter { $0 == "/a.png" }.count == 2)
        }
    }

    @Test("C6.2, C7: webhooks: each attempt is checked at its own look-up")
    func webhooks() async throws {
        let book = [
            "turns.example": [[Self.permitted], [Self.forbidden]], "mixed.example": [[Self.forbidden, Self.permitted]],
        ]
        try await RebindingWorld.with(book, ["WEBHOOK_MAX_RETRIES": "2"]) { world in
            // The receiver answers 500, so each delivery has a second attempt.
            let turning = try await world.attempts("http://turns.example:PORT/fails")
            #expect(turning.map { $0["http_status"] } == [500, .some(.null)], "\(turning)")
            #expect(turning.last?["error"]?.string?.contains("forbidden") == true, "\(turning)")
            let mixed = try await world.attempts("http://mixed.example:PORT/fails")
            #expect(mixed.map { $0["http_status"] } == [500, 500], "\(mixed)")
            #expect(world.requests == Array(repeating: "/fails", count: 3))
        }
    }
}

/// The answers to the look-ups of a name, in turn; the last answer stays.
private final class TurningNames: Sendable {
    private let state: Lock<(book: [String: [[String]]], asked: [String])>

    init(_ book: [String: [[String]]]) { state = Lock((book, [])) }

    var asked: [String] { state.withLock { $0.asked } }

    func lookUp(_ host: String, _ loop: Loop, _ done: @escaping @Sendable ([String]) -> Void) -> Bool {
        let addresses: [String] = state.withLock { state in
            state.asked.append(host)
            guard let answers = state.book[host], let first = answers.first else { return [] }
            if answers.count > 1 { state.book[host]?.removeFirst() }
            return first
        }
        loop.post { done(addresses) }
        return true
    }
}

/// Pictures, redirects and failures. Lives on its listener's loop.
private final class Site: RequestHandler {
    private static let picture: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + [UInt8](0...99)
    /// The targets of all requests.
    let seen = Lock<[String]>([])

    func handle(_ exchange: Exchange) {
        seen.withLock { $0.append(exchange.head.target) }
        switch exchange.head.path {
        case "/to":
            exchange.respond(Reply(status: 302, headers: [("Location", exchange.head.query ?? "")], body: []))
        case "/fails": exchange.respond(Reply(status: 500, body: []))
        default: exchange.respond(Reply(status: 200, body: Site.picture))
        }
    }
}

/// A service with the test's own resolver, a site at the permitted address, and a listener on the same port of the
/// forbidden one. Used on the site's loop.
private struct RebindingWorld {
    let server: TestServer
    let names: TurningNames
    /// Each name is used once, so that no request reuses an earlier connection without a look-up.
    private let ports: Lock<[Int]>
    private let seen: Lock<[String]>
    private static let portsMax = 8

    /// The targets that reached the site.
    var requests: [String] { seen.withLock { $0 } }

    static func with(
        _ book: [String: [[String]]], _ more: [String: String] = [:],
        _ body: @escaping @Sendable (RebindingWorld) async throws -> Void
    ) async throws {
        let names = TurningNames(book)
        let settings = [
            "ALLOWED_PRIVATE_NETWORKS": "127.0.0.2/32", "WEBHOOK_MAX_RETRIES": "1", "WEBHOOK_RETRY_BASE": "0.01",
        ].merging(more) { $1 }
        try await onLoop("site") { loop in
            let site = Site()
            let address = BindAddress(host: "127.0.0.2", port: 0)
            var (listeners, silent): ([HTTPListener], [SilentListener]) = ([], [])
            while listeners.count < portsMax {
                let listener = try HTTPListener(on: loop, address: address, handler: site)
                // Another process may have the same port of the other address.
                if let other = try? SilentListener(besides: listener.port) {
                    listeners.append(listener)
                    silent.append(other)
                } else {
                    await listener.close()
                }
            }
            let (ports, seen) = (Lock(listeners.map(\.port)), site.seen)
            let result: Result<Void, any Error>
            do {
                try await TestServer.with(
                    settings, runsBackground: true,
                    tune: { config in
                        config.outbound.lookUp = { names.lookUp($0, $1, $2) }
                        config.outbound.addressSeconds = 0
                    },
                    { server, _ in
                        try await body(RebindingWorld(server: server, names: names, ports: ports, seen: seen))
                    })
                let isTouched = silent.contains { $0.wasConnectedTo }
                #expect(!isTouched)
                result = .success(())
            } catch { result = .failure(error) }
            for listener in listeners { await listener.close() }
            try result.get()
        }
    }

    /// The code of the reply to one lot with this picture; without OpenAI it is always an error.
    func describe(_ url: String) async throws -> String? {
        let lot: JSONValue = ["lot_id": "a", "images": [["url": .string(place(url))]]]
        return try await server.generate(JSONValue.object([("lots", [lot])]).text).code
    }

    /// The attempts of a failed delivery of a cancelled job.
    func attempts(_ hook: String) async throws -> [JSONValue] {
        let url = place(hook)
        let lots: [JSONValue] = ["a", "b"].map { id in
            [
                "lot_id": .string(id), "images": [["url": "https://example.com/a.jpg"]],
                "webhook": .string(url),
            ]
        }
        let created = try await server.generate(JSONValue.object([("lots", .array(lots))]).text)
        let job = try #require(created.json["job_id"]?.string, "\(created.text)")
        _ = try await server.poll("/api/v1/batch-jobs/:job/cancel", job: job, method: "POST")
        return try await onLoop { loop in
            while true {
                let reply = try await server.poll("/api/v1/batch-jobs/:job/webhook-deliveries", job: job)
                if let delivery = reply.json["deliveries"]?.array?.first, delivery["status"] == "failed" {
                    return delivery["attempts"]?.array ?? []
                }
                try await loop.sleep(seconds: 0.05)
            }
        }
    }

    /// With a new port for each `PORT`.
    private func place(_ url: String) -> String {
        let pieces = url.components(separatedBy: "PORT")
        return pieces.dropFirst().reduce(pieces[0]) { text, piece in
            text + String(ports.withLock { $0.removeLast() }) + piece
        }
    }
}
