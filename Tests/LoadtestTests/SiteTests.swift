// The picture server and the webhook receiver, over a socket. Thread: each test has its own loop.
import Engine
import LoadtestKit
import TestSupport
import Testing

@Suite("loadtest images and loadtest webhooks", .timeLimit(.minutes(1)))
struct SiteTests {
    private func withImages(
        _ body: @escaping @Sendable (ImagesSimulator, SimClient) async throws -> Void
    ) async throws {
        try await onLoop { loop in
            let simulator = try ImagesSimulator.start(on: loop)
            let client = SimClient(on: loop, port: simulator.port)
            let result: (any Error)?
            do {
                try await body(simulator, client)
                result = nil
            } catch { result = error }
            await client.http.close()
            await simulator.close()
            if let result { throw result }
        }
    }

    @Test("pictures by name, whole and in part", arguments: ["jpg", "png", "gif", "webp"])
    func pictures(ending: String) async throws {
        try await withImages { (_, client) async throws in
            let path = "/car/lot-1/front.\(ending)"
            let whole = try await client.call("GET", path)
            #expect(whole.status == 200 && whole.body == ImagesSimulator.picture(path: path))
            let part = try await client.call("GET", path, extra: [("Range", "bytes=0-31")])
            #expect(part.status == 206 && part.body == Array(whole.body[..<32]))
            #expect(part.header("Content-Range") == "bytes 0-31/\(whole.body.count)")
            let ignored = try await client.call("GET", path + "?norange", extra: [("Range", "bytes=0-31")])
            #expect(ignored.status == 200 && ignored.body == whole.body)
        }
    }

    @Test("missing, wrong, large, redirected, dropped and failing pictures")
    func badPictures() async throws {
        try await withImages { (simulator, client) async throws in
            #expect(try await client.call("GET", "/missing/1.jpg").status == 404)
            #expect(try await client.call("GET", "/status/403/1.jpg").status == 403)
            #expect(try await client.call("GET", "/html/1.jpg").text.contains("Not a picture"))
            let big = try await client.call("GET", "/big/300000/1.jpg")
            #expect(big.body.count == 300_000 && big.body.starts(with: [0xFF, 0xD8, 0xFF]))
            let chunked = try await client.call("GET", "/big/300000/1.jpg?chunked")
            #expect(chunked.body == big.body && chunked.header("Content-Length") == nil)
            let part = try await client.call("GET", "/big/300000/1.jpg", extra: [("Range", "bytes=0-9")])
            #expect(part.body == Array(big.body[..<10]) && part.header("Content-Range") == "bytes 0-9/300000")
            let redirect = try await client.call("GET", "/redirect/2/car/1.jpg")
            #expect(redirect.status == 302 && redirect.header("Location") == "/redirect/1/car/1.jpg")
            #expect(try await client.call("GET", "/redirect/1/car/1.jpg").header("Location") == "/car/1.jpg")
            #expect(try await client.call("GET", "/slow/0.01/car/1.jpg").status == 200)
            await #expect(throws: OutboundError.self) { try await client.call("GET", "/drop/1.jpg") }
            for expected in [500, 500, 200] {
                #expect(try await client.call("GET", "/car/f.jpg?fail=2").status == expected)
            }
            #expect(simulator.requests("/car/f.jpg") == 3)
            #expect(try await client.call("GET", "/_sim/state").json["statuses"]?["500"] == 2)
        }
    }

    @Test("C6.1: deliveries are stored with their exact bytes, and their signatures are checked")
    func webhooks() async throws {
        let key = "a-key-of-more-than-thirty-two-characters"
        try await withWebhooks(key) { (simulator, client) async throws in
            let body: JSONValue = ["type": "batch_job_completed", "text": "größer"]
            let good = SignatureKeys(shared: key).sign(body.bytes)
            _ = try await client.call("POST", "/ok?x=1", body, extra: [("X-Signature", good)])
            _ = try await client.call("POST", "/ok", body, extra: [("X-Signature", good.dropLast() + "x")])
            _ = try await client.call("POST", "/ok", body)
            try await simulator.wait(for: 3, path: "/ok")
            let kept = simulator.deliveries(path: "/ok")
            #expect(kept.map(\.signatureIsValid) == [true, false, false])
            #expect(kept.map(\.attempt) == [1, 2, 3])
            #expect(kept.allSatisfy { $0.body == body.bytes })
            let shown = try await client.call("GET", "/_sim/deliveries?path=%2Fok").json
            #expect(shown["count"] == 3)
            #expect(shown["deliveries"]?.array?.first?["signature_valid"] == true)
        }
    }

    @Test("a receiver can fail, be slow, hang and drop the connection")
    func badReceivers() async throws {
        try await withWebhooks(nil) { (simulator, client) async throws in
            var statuses: [Int] = []
            for path in [
                "/fail/2/a", "/fail/2/a", "/fail/2/a", "/fail/2/b", "/status/301", "/slow/0.01", "/hooks/demo",
            ] {
                statuses.append(try await client.call("POST", path, Sample.nothing).status)
            }
            #expect(statuses == [500, 500, 200, 500, 301, 200, 200])
            #expect(await Self.fails(client, "/drop"))
            #expect(await Self.fails(client, "/hang"))
            #expect(await Self.fails(client, "/trickle"))
            #expect(try await client.call("POST", "/long/200000", Sample.nothing).body.count == 200_000)
            let redirect = try await client.call("POST", "/redirect/307/a", Sample.nothing)
            #expect(redirect.status == 307)
            #expect(redirect.headers.contains { $0.name.lowercased() == "location" && $0.value == "/ok/redirected" })
            #expect(simulator.deliveries(path: "/hang").count == 1)
            #expect(simulator.deliveries.allSatisfy { $0.signatureIsValid == nil })
        }
    }

    private static func fails(_ client: SimClient, _ path: String) async -> Bool {
        var request = OutboundRequest(method: "POST", url: client.origin + path, body: .bytes([1]))
        request.timeoutSeconds = 1  // also for the connection and the request
        request.neverRepeat = true
        do {
            _ = try await client.http.send(request)
            return false
        } catch {
            return true
        }
    }

    private func withWebhooks(
        _ key: String?, _ body: @escaping @Sendable (WebhooksSimulator, SimClient) async throws -> Void
    ) async throws {
        try await onLoop { loop in
            var options = WebhooksOptions()
            options.sharedKey = key
            let simulator = try WebhooksSimulator.start(on: loop, options: options)
            let client = SimClient(on: loop, port: simulator.port)
            let result: (any Error)?
            do {
                try await body(simulator, client)
                result = nil
            } catch { result = error }
            await client.http.close()
            await simulator.close()
            if let result { throw result }
        }
    }
}
