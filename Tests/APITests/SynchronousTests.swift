// One lot described while its client waits, against the simulators.
import Engine
import LoadtestKit
import Server
import TestSupport
import Testing

@Suite("Synchronous mode", .timeLimit(.minutes(2)))
struct SynchronousTests {
    static func body(_ images: [String], languages: [String]) -> String {
        let lot: JSONValue = [
            "lot_id": "sync-1", "additional_info": "2021 BMW X5",
            "images": .array(images.map { ["url": .string($0)] }),
        ]
        return JSONValue.object([
            ("version", "1.0.0"), ("languages", JSONValue(languages)), ("lots", .array([lot])),
        ]).text
    }

    static func english(_ paths: [String]) -> String {
        SimulatedAnswer.text(
            imageKeys: paths.map { SimulatedAnswer.imageKey(bytes: ImagesSimulator.picture(path: $0) ?? []) })
    }

    @Test("C2.4: the requested languages in order, with the model's texts; missing images are named")
    func describes() async throws {
        try await Outside.with { server, outside, database in
            let paths = ["/car/1/front.jpg", "/car/1/side.png"]
            let missing = outside.imagesURL + "/missing/a.jpg"
            let urls = [outside.imagesURL + paths[0], missing, outside.imagesURL + paths[1]]
            let reply = try await server.generate(Self.body(urls, languages: ["ru", "EN", "pt-BR"]))
            #expect(reply.status == 200, "\(reply.text)")
            #expect(reply.members == ["version", "processing_mode", "total_lots", "processed_at", "lots"])
            #expect(reply.json["processing_mode"] == "synchronous" && reply.json["total_lots"] == 1)
            let lot = try #require(reply.json["lots"]?.array?.first)
            #expect(
                lot.memberNames == ["lot_id", "status", "processed_images", "descriptions", "missing_images"])
            #expect(lot["status"] == "completed" && lot["processed_images"] == 2)
            #expect(lot["missing_images"] == [.string(missing)])
            let english = Self.english(paths)
            let expected = [
                ("ru", SimulatedAnswer.text(english: english, language: "ru")), ("EN", english),
                ("pt-BR", SimulatedAnswer.text(english: english, language: "pt-BR")),
            ]
            let texts = (lot["descriptions"]?.array ?? []).map {
                ($0["language"]?.string ?? "", $0["damages"]?.string ?? "")
            }
            #expect(texts.map { $0.0 } == expected.map { $0.0 })
            #expect(texts.map { $0.1 } == expected.map { $0.1 })
            #expect(await outside.requests("POST /v1/responses") == 3)
            #expect(try await AcceptTests.counts(database) == [0, 0, 0])
        }
    }

    @Test("C2.4: English is left out unless requested; en-GB is translated")
    func noEnglish() async throws {
        try await Outside.with { server, outside, _ in
            let reply = try await server.generate(
                Self.body([outside.imagesURL + "/car/2.jpg"], languages: ["en-GB"]))
            let texts = reply.json["lots"]?.array?.first?["descriptions"]?.array ?? []
            #expect(texts.compactMap { $0["language"]?.string } == ["en-GB"])
            #expect(await outside.requests("POST /v1/responses") == 2)
        }
    }

    @Test("C5.5: OPENAI_IMAGE_MODE=url sends the images' URLs instead of their bytes")
    func byURL() async throws {
        try await Outside.with(["OPENAI_IMAGE_MODE": "url"]) { server, outside, _ in
            let url = outside.imagesURL + "/car/3.jpg"
            let reply = try await server.generate(Self.body([url], languages: ["en"]))
            let text = reply.json["lots"]?.array?.first?["descriptions"]?.array?.first?["damages"]?.string
            #expect(text == SimulatedAnswer.text(imageURLs: [url]))
        }
    }

    @Test("C2.5: no usable image is 422 naming the URLs, or 413 if size was the only reason")
    func noImages() async throws {
        try await Outside.with { server, outside, _ in
            let bad = [outside.imagesURL + "/missing/a.jpg", outside.imagesURL + "/html/b"]
            let refused = try await server.generate(Self.body(bad, languages: ["en"]))
            #expect(refused.status == 422 && refused.code == "INVALID_IMAGE_URLS")
            #expect(refused.json["details"]?["invalid_urls"] == JSONValue(bad))
            let big = try await server.generate(
                Self.body([outside.imagesURL + "/big/10485761"], languages: ["en"]))
            #expect(big.status == 413 && big.code == "IMAGES_TOO_LARGE")
            #expect(await outside.requests("POST /v1/responses") == 0)
        }
    }

    @Test("C4.5: OpenAI's errors are 500 with its message, 502 if it is unreachable")
    func openAITrouble() async throws {
        let faults: JSONValue = [
            "routes": [["route": "POST /v1/responses", "fault": "status", "status": 400, "message": "no"]]
        ]
        try await Outside.with(faults: faults) { server, outside, _ in
            let reply = try await server.generate(Self.body([outside.imagesURL + "/car/4.jpg"], languages: ["en"]))
            #expect(reply.status == 500 && reply.code == "OPENAI_API_ERROR")
            #expect(reply.json["details"]?["openai_error"]?.string?.isEmpty == false)
            #expect(reply.json["details"]?["retry_after"]?.int != nil)
        }
    }

    @Test(
        "C2.6: a call whose answer may be paid for is made once: its reply is lost, or a gateway gives up",
        arguments: ["lost_reply", "html", "truncated"])
    func paidOnce(fault: String) async throws {
        let faults: JSONValue = [
            "routes": [["route": "POST /v1/responses", "fault": .string(fault), "status": 504, "times": 1]]
        ]
        try await Outside.with(faults: faults) { server, outside, _ in
            let reply = try await server.generate(Self.body([outside.imagesURL + "/car/8.jpg"], languages: ["en"]))
            #expect(reply.status == (fault == "html" ? 500 : 502), "\(reply.text)")
            #expect(await outside.requests("POST /v1/responses") == 1)
        }
    }

    @Test("C2.6: a slow provider is asked once, and 504 comes when the request's own time is over")
    func slow() async throws {
        let faults: JSONValue = [
            "routes": [["route": "POST /v1/responses", "fault": "late_reply", "seconds": 600]]
        ]
        try await Outside.with(faults: faults) {
            $0.synchronousSeconds = 7
        } _: { server, outside, _ in
            let begun = Monotonic.seconds()
            let reply = try await server.generate(Self.body([outside.imagesURL + "/car/9.jpg"], languages: ["en"]))
            #expect(reply.status == 504 && reply.code == "OPENAI_TIMEOUT", "\(reply.text)")
            #expect(Monotonic.seconds() - begun >= 2)
            #expect(await outside.requests("POST /v1/responses") == 1)
        }
    }

    #if !DEBUG
    // A debug build takes minutes for 60 MB of images.
    @Test("images of one lot are sent inline up to 50 MB together, and by URL beyond")
    func manyBytes() async throws {
        try await Outside.with { server, outside, _ in
            let images = (0..<6).map { outside.imagesURL + "/big/9900000/\($0)" }
            let reply = try await server.generate(Self.body(images, languages: ["en"]))
            #expect(reply.status == 200, "\(reply.text.prefix(300))")
            #expect(reply.json["lots"]?.array?.first?["processed_images"] == 6)
        }
    }
    #endif

    @Test("an image that OpenAI refuses becomes a missing one; a request that is too large is refused at once")
    func refusedImages() async throws {
        func faults(_ status: Int, _ code: String, _ message: String, times: Int) -> JSONValue {
            [
                "routes": [
                    [
                        "route": "POST /v1/responses", "fault": "status", "status": .int(status),
                        "code": .string(code), "message": .string(message), "times": .int(times),
                    ]
                ]
            ]
        }
        let refusal = "This image was refused."
        try await Outside.with(faults: faults(400, "image_too_large", refusal, times: 1)) { server, outside, _ in
            let urls = [1, 2].map { outside.imagesURL + "/car/\($0).jpg" }
            let reply = try await server.generate(Self.body(urls, languages: ["en"]))
            let lot = try #require(reply.json["lots"]?.array?.first, "\(reply.text)")
            #expect(lot["missing_images"] == [.string(urls[0])] && lot["processed_images"] == 1)
            #expect(lot["descriptions"]?.array?.first?["damages"]?.string == Self.english(["/car/2.jpg"]))
        }
        try await Outside.with(faults: faults(400, "image_too_large", refusal, times: 9)) { server, outside, _ in
            let url = outside.imagesURL + "/car/1.jpg"
            let reply = try await server.generate(Self.body([url], languages: ["en"]))
            #expect(reply.status == 422 && reply.code == "INVALID_IMAGE_URLS", "\(reply.text)")
            #expect(reply.json["details"]?["reasons"]?.array?.first?.string?.contains(refusal) == true)
            #expect(await outside.requests("POST /v1/responses") == 1)
        }
        let large = "Request too large for m on tokens per min (TPM): Limit 30000, Requested 48000."
        try await Outside.with(faults: faults(429, "rate_limit_exceeded", large, times: 9)) { server, outside, _ in
            let reply = try await server.generate(Self.body([outside.imagesURL + "/car/1.jpg"], languages: ["en"]))
            #expect(reply.status == 500 && reply.code == "OPENAI_API_ERROR", "\(reply.text)")
            #expect(reply.json["details"]?["openai_error"]?.string?.contains("Request too large") == true)
            #expect(await outside.requests("POST /v1/responses") == 1)
        }
    }

    @Test("C8: a removed model is replaced by the next in the list; hostile HTML is cleaned")
    func fallback() async throws {
        let faults: JSONValue = ["shutdown": ["o4-mini"], "lines": [["fault": "hostile_html"]]]
        try await Outside.with(faults: faults) { server, outside, _ in
            let reply = try await server.generate(Self.body([outside.imagesURL + "/car/5.jpg"], languages: ["en"]))
            #expect(reply.status == 200, "\(reply.text)")
            #expect(!reply.text.contains("<script") && !reply.text.contains("onclick") && !reply.text.contains("<a "))
        }
    }

    @Test("C2.4: an answer without visible text is no answer")
    func blank() async throws {
        try await Outside.with(faults: ["lines": [["fault": "blank_html"]]]) { server, outside, _ in
            let reply = try await server.generate(Self.body([outside.imagesURL + "/car/7.jpg"], languages: ["en"]))
            #expect(reply.status == 500 && reply.code == "OPENAI_API_ERROR", "\(reply.text)")
        }
        try await Outside.with(faults: ["lines": [["fault": "blank_html", "times": 1]]]) { server, outside, _ in
            let reply = try await server.generate(Self.body([outside.imagesURL + "/car/7.jpg"], languages: ["en"]))
            #expect(reply.status == 200, "\(reply.text)")
            #expect(await outside.requests("POST /v1/responses") == 2)
        }
    }

    @Test("C2.6: if the client disconnects, the service cancels its work at once and can stop")
    func hangUp() async throws {
        try await Outside.with(["SHUTDOWN_GRACE": "300"], responseSeconds: 300) { server, outside, _ in
            let body = Self.body([outside.imagesURL + "/car/6.jpg"], languages: ["en"])
            try await onLoop { [port = server.port] loop in
                let client = try await HTTPTestClient.connect(port: port, on: loop)
                client.send(
                    "POST /api/v1/generate-descriptions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
                        + "X-Signature: \(TestServer.sign(body))\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
                // The call to OpenAI is in progress.
                while await outside.requests("POST /v1/responses") == 0 { try await loop.sleep(seconds: 0.01) }
                client.close()
            }
            // If it waited for the call, the suite's time limit would fail the test.
            await server.stop()
        }
    }
}
