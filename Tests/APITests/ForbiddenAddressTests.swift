// Nothing is ever sent to a forbidden address, for any image or webhook URL: a listener on this machine gets no
// connection (C3.3, C7).
import Engine
import Foundation
import Server
import TestSupport
import Testing

@Suite("C7: forbidden addresses, over both kinds of URL", .timeLimit(.minutes(2)))
struct ForbiddenAddressTests {
    /// Spellings of this machine and of networks that are not globally reachable.
    static let hosts = [
        "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7F.0.0.1", "0x7f.1", "0177.0.0.1",
        "017700000001", "00000177.0.0.1", "127.0.0.1.", "127.0.0.2", "127.255.255.254", "0", "0.0.0.0", "localhost",
        "LOCALHOST", "localhost.", "x.localhost", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]", "[::ffff:0:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1]", "[fc00::1]", "[fd00::1]",
        "[fec0::1]", "[ff02::1]", "[2001:db8::1]", "169.254.169.254", "0xa9fea9fe", "10.0.0.1", "172.31.255.255",
        "192.168.0.1", "100.64.0.1", "198.18.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
        "240.0.0.1", "255.255.255.255", "１２７.0.0.1", "127。0。0。1", "①②⑦.0.0.1", "ｌocalhost", "%31%32%37.0.0.1",
        "%6cocalhost",
    ]
    /// URLs that are refused for any address, with `PORT` as the listener's port.
    static let others = [
        "http://user@127.0.0.1:PORT/", "http://127.0.0.1:PORT@example.com/", "http://example.com@127.0.0.1:PORT/",
        "http://example.com\\@127.0.0.1:PORT/", "http://:@127.0.0.1:PORT/", "http:///127.0.0.1:PORT/",
        "http://127.0.0.1:PORT\u{0}.example.com/", "http://127.0.0.1:PORT#@example.com/", "http://127.0.0.1:0/",
        "http://127.0.0.1:65536/", "http://127.0.0.1:99999999999/", "http://127.0.0.1:+PORT/", "http:127.0.0.1:PORT",
        "http://[::1%25lo]:PORT/", "http://[::1%lo]:PORT/", "http://127.0.0.1 :PORT/", "http://127.0.0.1\t:PORT/",
        "//127.0.0.1:PORT/", "ftp://127.0.0.1:PORT/", "gopher://127.0.0.1:PORT/", "file:///etc/passwd",
        "dict://127.0.0.1:PORT/", "unix:///var/run/x.sock", "http+unix://%2Frun%2Fx.sock/",
    ]

    static func urls(_ port: Int) -> [String] {
        hosts.map { "http://\($0):\(port)/a.jpg" }
            + others.filter { !$0.contains("\u{0}") }.map { $0.replacing("PORT", with: String(port)) }
    }

    private static let nothingAllowed = ["ALLOWED_PRIVATE_NETWORKS": ""]

    /// Lots with one URL of one kind each.
    private static func body(images urls: [String]) -> String {
        JSONValue.object([("lots", .array(urls.enumerated().map { lot($0.offset, image: $0.element) }))]).text
    }

    private static func body(webhooks urls: [String]) -> String {
        let lots = urls.enumerated().map { lot($0.offset, image: "https://example.com/a.jpg", webhook: $0.element) }
        return JSONValue.object([("lots", .array(lots))]).text
    }

    private static func lot(_ number: Int, image: String, webhook: String? = nil) -> JSONValue {
        [
            "lot_id": .string("lot-\(number)"), "images": [["url": .string(image)]], "webhook": JSONValue(webhook),
        ]
    }

    @Test("C3.3: at acceptance, every spelling")
    func acceptance() async throws {
        let listener = try SilentListener()
        try await TestServer.with(Self.nothingAllowed) { server, _ in
            let urls = Self.urls(listener.port)
            for (body, code) in [
                (Self.body(images: urls), "INVALID_IMAGE_URLS"), (Self.body(webhooks: urls), "INVALID_WEBHOOK_URL"),
            ] {
                let reply = try await server.generate(body)
                #expect(reply.status == 422 && reply.code == code, "\(reply.text)")
                #expect(reply.json["details"]?["count"] == .int(urls.count))
                #expect(reply.json["details"]?["invalid_urls"]?.array?.compactMap(\.string) == urls)
            }
        }
        #expect(!listener.wasConnectedTo)
    }

    @Test("C7: at the socket, by redirect: an accepted image URL cannot redirect to it")
    func imageRedirects() async throws {
        let listener = try SilentListener()
        try await Self.withRedirector { redirector in
            try await TestServer.with(["ALLOWED_PRIVATE_NETWORKS": "127.0.0.2/32"]) { server, _ in
                for target in Self.urls(listener.port) where !target.contains("127.0.0.2") {
                    let url = redirector + "/to?" + Self.escaped(target)
                    let reply = try await server.generate(Self.body(images: [url]))
                    #expect(reply.code == "INVALID_IMAGE_URLS", "\(target): \(reply.text)")
                }
                // The allowed number of redirects, with the forbidden address at the end.
                let last = redirector + "/to?" + Self.escaped("http://127.0.0.1:\(listener.port)/")
                let hops = redirector + "/to?" + Self.escaped(redirector + "/to?" + Self.escaped(last))
                #expect(try await server.generate(Self.body(images: [hops])).code == "INVALID_IMAGE_URLS")
            }
        }
        #expect(!listener.wasConnectedTo)
    }

    @Test("C6.2, C7: at the socket, by redirect: webhooks follow none")
    func webhookRedirects() async throws {
        let listener = try SilentListener()
        try await Self.withRedirector { redirector in
            let settings = ["ALLOWED_PRIVATE_NETWORKS": "127.0.0.2/32", "WEBHOOK_MAX_RETRIES": "1"]
            try await TestServer.with(settings, runsBackground: true) { server, _ in
                let hooks = ["127.0.0.1", "localhost", "[::1]"].map {
                    redirector + "/to?" + Self.escaped("http://\($0):\(listener.port)/")
                }
                let attempts = try await Self.attempts(server, hooks)
                #expect(attempts.map { $0["http_status"] } == [302, 302, 302], "\(attempts)")
            }
        }
        #expect(!listener.wasConnectedTo)
    }

    /// Accepted because it is a name; it resolves to this machine, as a rebound name would.
    @Test("C7: at the socket, by name", .enabled(if: OwnName.isLoopback))
    func names() async throws {
        let listener = try SilentListener()
        let url = "http://\(OwnName.text):\(listener.port)/a.jpg"
        let settings = Self.nothingAllowed.merging(["WEBHOOK_MAX_RETRIES": "1"]) { $1 }
        try await TestServer.with(settings, runsBackground: true) { server, _ in
            let reply = try await server.generate(Self.body(images: [url]))
            #expect(reply.code == "INVALID_IMAGE_URLS", "\(reply.text)")
            let attempts = try await Self.attempts(server, [url])
            #expect(attempts.map { $0["http_status"] } == [.some(.null)])
            #expect(attempts.first?["error"]?.string?.contains("forbidden") == true, "\(attempts)")
        }
        #expect(!listener.wasConnectedTo)
    }

    // MARK: Parts

    /// The single attempt of each webhook of a cancelled job.
    private static func attempts(_ server: TestServer, _ hooks: [String]) async throws -> [JSONValue] {
        let created = try await server.generate(body(webhooks: hooks + ["https://example.com/never"]))
        let job = try #require(created.json["job_id"]?.string, "\(created.text)")
        _ = try await server.poll("/api/v1/batch-jobs/:job/cancel", job: job, method: "POST")
        return try await onLoop { loop in
            while true {
                let reply = try await server.poll("/api/v1/batch-jobs/:job/webhook-deliveries", job: job)
                let own = (reply.json["deliveries"]?.array ?? []).filter {
                    hooks.contains($0["webhook_url"]?.string ?? "")
                }
                let ended = own.filter { $0["status"] == "failed" || $0["status"] == "delivered" }
                if ended.count == hooks.count { return ended.flatMap { $0["attempts"]?.array ?? [] } }
                try await loop.sleep(seconds: 0.05)
            }
        }
    }

    /// A server at 127.0.0.2 whose `/to?x` redirects to x.
    private static func withRedirector(_ body: @escaping @Sendable (_ url: String) async throws -> Void) async throws {
        try await onLoop("redirector") { loop in
            let listener = try HTTPListener(
                on: loop, address: BindAddress(host: "127.0.0.2", port: 0),
                handler: ClosureHandler { exchange in
                    let target = (exchange.head.query ?? "").removingPercentEncoding ?? ""
                    exchange.respond(Reply(status: 302, headers: [("Location", target)], body: []))
                })
            do { try await body("http://127.0.0.2:\(listener.port)") } catch {
                await listener.close()
                throw error
            }
            await listener.close()
        }
    }

    private static func escaped(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }
}

/// This machine's own name, if it resolves to the machine itself.
private enum OwnName {
    static let text = ProcessInfo.processInfo.hostName
    static let isLoopback: Bool = {
        guard !text.hasSuffix("localhost"), IPAddress(text) == nil else { return false }
        let addresses = Host(name: text).addresses.compactMap { IPAddress($0) }
        return !addresses.isEmpty && addresses.allSatisfy { !AddressPolicy().permits($0) }
    }()
}
