// Allowed targets of redirects; no connection goes to a forbidden address (C7).
import Engine
import Foundation
import Testing

@Suite("Redirects and forbidden addresses", .timeLimit(.minutes(1)))
struct RedirectTests {
    private static let loopback = AddressPolicy(allowed: [CIDR(IPAddress(v4: 0x7F00_0001), prefix: 32)])

    /// `/n` redirects to `/n-1`, `/0` answers; `/to?x` redirects to x.
    private static func server() -> TinyServer {
        TinyServer.answering { request in
            if let mark = request.path.firstIndex(of: "?") {
                // The client percent-encodes what a query may not have: `[::1]`.
                let query = String(request.path[request.path.index(after: mark)...])
                return plain("", status: "302 Found", "Location: \(query.removingPercentEncoding ?? query)\r\n")
            }
            let number = Int(request.path.dropFirst()) ?? 0
            if number == 0 { return plain("arrived \(request.header("authorization") ?? "plain")") }
            return plain("moved", status: "302 Found", "Location: /\(number - 1)\r\n")
        }
    }

    private static func request(_ url: String, _ redirects: Int) -> OutboundRequest {
        var request = OutboundRequest(url: url)
        request.maxRedirects = redirects
        request.addresses = loopback
        return request
    }

    @Test("C7: redirects are followed up to the allowed number")
    func count() async throws {
        let server = Self.server()
        try await withClient { _, client in
            let answer = try await client.send(Self.request(server.url + "/3", 3))
            #expect(String(decoding: answer.body, as: UTF8.self) == "arrived plain")
            let stream = try await client.open(Self.request(server.url + "/2", 3))
            #expect(stream.status == 200)
            #expect(stream.header("location") == nil)
            stream.cancel()
            #expect(await client.failure(Self.request(server.url + "/4", 3))?.kind == .tooManyRedirects)
        }
    }

    @Test("C6.2: with none allowed the redirect itself is the answer, also for a POST")
    func notFollowed() async throws {
        let server = Self.server()
        try await withClient { _, client in
            let bare = try await client.send(Self.request(server.url + "/1", 0))
            #expect(bare.status == 302 && bare.header("location") == "/0")
            var post = Self.request(server.url + "/1", 3)
            post.method = "POST"
            let answer = try await client.send(post)
            #expect(answer.status == 302)
        }
    }

    @Test("C7: a redirect to a forbidden address, another scheme or with credentials is not followed")
    func badTargets() async throws {
        let server = Self.server()
        try await withClient { _, client in
            func kind(_ target: String) async -> OutboundError.Kind? {
                let error = await client.failure(Self.request(server.url + "/to?" + target, 3))
                #expect(error?.mayHaveArrived == true)
                #expect(error?.message.contains("secret") == false)
                return error?.kind
            }
            #expect(await kind("http://127.0.0.2:\(server.port)/0") == .forbiddenAddress)
            #expect(await kind("http://[::1]:\(server.port)/0") == .forbiddenAddress)
            #expect(await kind("http://10.0.0.1/") == .forbiddenAddress)
            #expect(await kind("http://2130706434:\(server.port)/") == .forbiddenAddress)
            #expect(await kind("ftp://127.0.0.1/") == .invalidURL)
            #expect(await kind("file:///etc/passwd") == .invalidURL)
            #expect(await kind("http://user:secret@127.0.0.1:\(server.port)/0") == .invalidURL)
        }
    }

    @Test("credentials for one host are not sent to another; locations may be relative")
    func credentials() async throws {
        let server = Self.server()
        let other = Self.server()
        try await withClient { _, client in
            var request = Self.request(server.url + "/to?./2", 3)
            request.headers = [("Authorization", "Bearer secret")]
            let same = try await client.send(request)
            #expect(String(decoding: same.body, as: UTF8.self) == "arrived Bearer secret")
            request.url = server.url + "/to?" + other.url + "/0"
            let away = try await client.send(request)
            #expect(String(decoding: away.body, as: UTF8.self) == "arrived plain")
            request.url = server.url + "/to?//127.0.0.1:\(other.port)/1#there"
            let scheme = try await client.send(request)
            #expect(String(decoding: scheme.body, as: UTF8.self) == "arrived plain")
        }
    }

    @Test("a redirect's body is not awaited, for any length")
    func longBody() async throws {
        let server = TinyServer { connection in
            while let request = connection.readRequest() {
                if request.path == "/arrived" { connection.write(plain("here")) }
                connection.write("HTTP/1.1 302 Found\r\nLocation: /arrived\r\nTransfer-Encoding: chunked\r\n\r\n")
                while connection.write("400\r\n" + String(repeating: "x", count: 1024) + "\r\n") {}
            }
        }
        try await withClient { _, client in
            let answer = try await client.send(Self.request(server.url + "/", 1))
            #expect(String(decoding: answer.body, as: UTF8.self) == "here")
        }
    }

    @Test("the time of an exchange covers all its hops")
    func time() async throws {
        let server = TinyServer { connection in
            while let request = connection.readRequest() {
                if request.path == "/hang" { return connection.waitForClose() }
                connection.write(plain("", status: "302 Found", "Location: /hang\r\n"))
            }
        }
        try await withClient { _, client in
            for queue in [nil, 60.0] {
                var request = Self.request(server.url + "/", 1)
                request.timeoutSeconds = 1
                request.queueSeconds = queue
                let error = await client.failure(request)
                #expect(error?.kind == .timedOut && error?.mayHaveArrived == true)
            }
        }
    }

    @Test(
        "C7: no connection goes to a forbidden address, by number or by name",
        arguments: ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]"])
    func forbidden(host: String) async throws {
        let server = TinyServer.answering { _ in plain("x") }
        try await withClient { _, client in
            var request = OutboundRequest(url: "http://\(host):\(server.port)/")
            request.addresses = AddressPolicy()
            let error = await client.failure(request)
            #expect(error?.kind == .forbiddenAddress)
            #expect(error?.mayHaveArrived == false)
        }
        #expect(server.connections == 0)
    }

    @Test("C7: a name is checked by its connected address: a forbidden one beside a permitted one is harmless")
    func name() async throws {
        let server = TinyServer.answering { _ in plain("x") }
        try await withClient { _, client in
            var request = OutboundRequest(url: "http://localhost:\(server.port)/")
            request.addresses = Self.loopback  // not ::1
            let answer = try await client.send(request)
            #expect(answer.address == "127.0.0.1")
        }
    }
}
