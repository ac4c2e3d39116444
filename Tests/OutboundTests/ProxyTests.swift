// Requests through a proxy: which ones, what the proxy sees, and what its refusals mean. Against raw sockets.
import Foundation
import TestSupport
import Testing

@testable import Engine

/// A proxy that opens one tunnel to a port of this machine, whatever host is named.
private func tunnel(to port: Int, seen: Lock<[String]>) -> TinyServer {
    TinyServer { connection in
        guard let head = connection.readHead() else { return }
        seen.withLock { $0.append(head) }
        let target = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { Foundation.close(target) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isThere = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(target, $0, length) == 0 }
        }
        guard isThere else { return }
        connection.write("HTTP/1.1 200 Connection established\r\nX-From: proxy\r\n\r\n")
        nonisolated(unsafe) let back = connection  // this thread reads from it, the other one writes to it
        Thread.detachNewThread {
            var bytes = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = recv(target, &bytes, bytes.count, 0)
                guard count > 0, back.write(Array(bytes[..<count])) else { return }
            }
        }
        while let bytes = connection.readSome() {
            guard send(target, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { break }
        }
        shutdown(target, Int32(SHUT_RDWR))
    }
}

private func through(_ text: String) throws -> HTTPClientConfiguration {
    var configuration = HTTPClientConfiguration()
    configuration.proxies = OutboundProxies(try OutboundProxy(parsing: text))
    return configuration
}

@Suite("Proxies", .timeLimit(.minutes(1)))
struct ProxyTests {
    @Test("a plain request names its whole URL, and the target's name is looked up by the proxy only")
    func plainRequest() async throws {
        let proxy = TinyServer.answering { request in
            plain("\(request.line)|\(request.header("proxy-authorization") ?? "-")|\(request.header("x-a") ?? "-")")
        }
        let configuration = try through("http://user:p%40ss@127.0.0.1:\(proxy.port)")
        try await withClient(configuration) { _, client in
            let request = OutboundRequest(url: "http://provider.invalid/v1/models?a=b", headers: [("X-A", "b")])
            let text = String(decoding: try await client.send(request).body, as: UTF8.self)
            let credentials = Data("user:p@ss".utf8).base64EncodedString()
            #expect(text == "GET http://provider.invalid/v1/models?a=b HTTP/1.1|Basic \(credentials)|b")
        }
    }

    @Test("a TLS request goes through a tunnel: the proxy sees the name, but no header and no byte of the request")
    func tunnelled() async throws {
        let server = try SecureServer(name: "provider.invalid")
        defer { server.stop() }
        let seen = Lock<[String]>([])
        let proxy = tunnel(to: server.port, seen: seen)
        var configuration = try through("http://127.0.0.1:\(proxy.port)")
        configuration.certificateAuthorityFile = server.certificate
        try await withClient(configuration) { _, client in
            let answer = try await client.send(
                OutboundRequest(url: "https://provider.invalid/x", headers: [("Authorization", "Bearer secret")]))
            #expect(answer.status == 200)
            #expect(answer.header("x-from") == nil)
        }
        let heads = seen.withLock { $0 }
        #expect(heads.count == 1 && heads[0].hasPrefix("CONNECT provider.invalid:443 HTTP/1.1\r\n"))
        #expect(!heads.joined().lowercased().contains("authorization"))
    }

    @Test("a refusal of the proxy is no answer of the target, and nothing has arrived there", arguments: [407, 502])
    func refused(status: Int) async throws {
        let proxy = TinyServer.answering { _ in plain("no", status: "\(status) No") }
        try await withClient(try through("http://127.0.0.1:\(proxy.port)")) { _, client in
            let error = await client.failure(
                OutboundRequest(method: "POST", url: "https://provider.invalid/x", body: .bytes([1])))
            #expect(error?.kind == .connectFailed)
            #expect(error?.message == "provider.invalid: the proxy answered \(status)")
            #expect(error?.mayHaveArrived == false)
        }
    }

    @Test("a header of one host does not reach another one over a redirect")
    func redirected() async throws {
        let other = TinyServer.answering { plain($0.head) }
        let first = TinyServer.answering { _ in plain("", status: "302 Found", "Location: \(other.url)/b\r\n") }
        try await withClient { _, client in
            var request = OutboundRequest(
                url: first.url + "/a",
                headers: [("api-key", "secret"), ("Authorization", "Bearer secret"), ("Accept", "a/b")])
            request.maxRedirects = 1
            let text = String(decoding: try await client.send(request).body, as: UTF8.self)
            #expect(!text.contains("secret") && text.contains("Accept: a/b"))
        }
    }

    private func choice(_ environment: [String: String], _ url: String) throws -> String {
        let proxies = try OutboundProxies(environment: environment)
        return try proxies?.proxy(for: ParsedURL(url))?.address ?? "direct"
    }

    @Test("the environment's proxy depends on the target, as with curl")
    func environment() throws {
        let set = [
            "HTTPS_PROXY": "http://one:1", "http_proxy": "two:2",
            "NO_PROXY": "inside, .corp.example,10.0.0.0/8 ::1,other:8443",
        ]
        #expect(try choice(set, "https://api.openai.com/v1") == "http://one:1")
        #expect(try choice(set, "http://api.openai.com/v1") == "http://two:2")
        for url in [
            "https://inside/v1", "https://llm.inside/v1", "https://a.corp.example/v1", "https://CORP.example/v1",
            "https://10.1.2.3/v1", "https://[::1]/v1", "https://other:8443/v1",
        ] {
            #expect(try choice(set, url) == "direct", "\(url)")
        }
        for url in ["https://other/v1", "https://notinside/v1", "https://11.1.2.3/v1"] {
            #expect(try choice(set, url) == "http://one:1", "\(url)")
        }
        #expect(try choice(["HTTP_PROXY": "http://one:1"], "http://h/v1") == "direct")  // only in lower case, as curl
        #expect(try choice(["https_proxy": "a:1", "HTTPS_PROXY": "b:2"], "https://h/v1") == "http://a:1")
        #expect(try choice(["ALL_PROXY": "socks5://p:9"], "http://h/v1") == "socks5h://p:9")
        #expect(try choice(["all_proxy": "p:9", "no_proxy": "*"], "http://h/v1") == "direct")
        #expect(try OutboundProxies(environment: ["NO_PROXY": "a"]) == nil)
    }

    @Test("a proxy's text is checked, and no printed form shows its password")
    func forms() throws {
        #expect(try OutboundProxy(parsing: "https://h").address == "https://h:443")
        #expect(try OutboundProxy(parsing: "h").address == "http://h:1080")
        #expect(try OutboundProxy(parsing: "http://[::1]:3128/").address == "http://[::1]:3128")
        for wrong in ["ftp://h:1", "http://", "http://h:x", "http://h:1/path", "http://u:p@"] {
            #expect(throws: InvalidSetting.self, "\(wrong)") { try OutboundProxy(parsing: wrong) }
        }
        let proxy = try OutboundProxy(parsing: "http://user:hunter2@h:1")
        var dumped = "\(proxy) \(OutboundProxies(proxy))"
        dump(OutboundProxies(proxy), to: &dumped)
        dump(proxy, to: &dumped)
        #expect(!dumped.contains("hunter2"))
    }
}
