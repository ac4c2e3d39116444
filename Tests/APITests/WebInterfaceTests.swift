// The web interface over a live socket: access, actions, and that hostile text never becomes markup.
import Engine
import Foundation
import Server
import TestSupport
import Testing

@Suite("The web interface", .timeLimit(.minutes(2)))
struct WebInterfaceTests {
    private static let id = PollTests.id
    private static let page = [("Accept", "text/html,application/xhtml+xml")]
    private static let form = ("Content-Type", "application/x-www-form-urlencoded")

    /// Signs in.
    /// - Returns: the cookie, as a header.
    private static func signIn(_ server: TestServer) async throws -> (String, String) {
        let reply = try await server.send(
            "POST", "/sign-in", headers: page + [form], body: "key=\(TestServer.key)&next=%2Fsystem")
        #expect(reply.status == 303 && reply.header("Location") == "/system")
        let cookie = try #require(reply.header("Set-Cookie")).prefix { $0 != ";" }
        return ("Cookie", String(cookie))
    }

    /// The token of the forms on a page.
    private static func token(_ page: TestServer.Reply) throws -> String {
        let found = try #require(page.text.firstMatch(of: /name="csrf" value="([0-9a-f]{64})"/))
        return String(found.1)
    }

    @Test(
        "C9: without a session browsers are redirected to sign in, and programs get an error",
        arguments: [
            "/jobs", "/jobs/\(id)", "/jobs/\(id)/lots", "/jobs/\(id)/lot", "/jobs/\(id)/webhooks",
            "/jobs/\(id)/download",
            "/system", "/try", "/events?jobs=\(id)",
        ])
    func signedOut(path: String) async throws {
        try await TestServer.with { server, database in
            try await PollTests.makeJob(database)
            let reply = try await server.send("GET", path, headers: Self.page)
            #expect(reply.status == 303 && reply.header("Location")?.hasPrefix("/sign-in?next=/") == true)
            #expect(reply.body.isEmpty)
            let plain = try await server.send("GET", path)
            #expect(plain.status == 401 && plain.code == "MISSING_SIGNATURE")
            let forged = "generation_session=\(String(repeating: "0", count: 32)).99999999999.x"
            let unsigned = try await server.send("GET", path, headers: [("Cookie", forged)])
            #expect(unsigned.status == 401)
        }
    }

    @Test("C8: the shared key signs in; scripts and other sites cannot read the session's cookie")
    func signingIn() async throws {
        try await TestServer.with(["SESSION_SECRET": "a secret"]) { server, _ in
            let form = try await server.send("GET", "/sign-in?next=/system", headers: Self.page)
            #expect(form.status == 200 && form.text.contains("name=\"next\" value=\"/system\""))
            let policy = try #require(form.header("Content-Security-Policy"))
            #expect(policy.hasPrefix("default-src 'none'") && !policy.contains("unsafe"))
            #expect(form.header("Cache-Control") == "no-store")
            let wrong = try await server.send(
                "POST", "/sign-in", headers: Self.page + [Self.form], body: "key=nonsense")
            #expect(wrong.status == 403 && wrong.header("Set-Cookie") == nil)
            let cookie = try await Self.signIn(server)
            let system = try await server.send("GET", "/system", headers: Self.page + [cookie])
            #expect(system.status == 200 && system.text.contains("<h1>System</h1>"))
            // Over TLS, as a trusted proxy reports it, the cookie differs.
            let tls = Self.page + [("X-Forwarded-Proto", "https")]
            let secure = try await server.send(
                "POST", "/sign-in", headers: tls + [Self.form], body: "key=\(TestServer.key)")
            #expect(secure.header("Set-Cookie")?.hasPrefix("__Host-") == true)
            #expect(secure.header("Set-Cookie")?.hasSuffix("; Secure") == true)
            #expect(try await server.send("GET", "/system", headers: tls + [cookie]).status == 303)
        }
    }

    @Test("attempts to sign in are limited per client")
    func attempts() async throws {
        try await TestServer.with { server, _ in
            func attempt(_ key: String, from client: String) async throws -> TestServer.Reply {
                try await server.send(
                    "POST", "/sign-in", headers: Self.page + [Self.form, ("X-Forwarded-For", client)],
                    body: "key=\(key)")
            }
            for _ in 0..<10 { #expect(try await attempt("x", from: "192.0.2.1").status == 403) }
            // With the right key too; otherwise a client could guess until it matches.
            let refused = try await attempt(TestServer.key, from: "192.0.2.1")
            #expect(refused.status == 429 && refused.header("Set-Cookie") == nil)
            let seconds = try #require(refused.header("Retry-After").flatMap { Int($0) })
            #expect((1...60).contains(seconds))
            #expect(try await attempt(TestServer.key, from: "192.0.2.2").status == 303)
        }
    }

    @Test("actions need the session's own token and a page of this site")
    func forgery() async throws {
        try await TestServer.with { server, database in
            try await PollTests.makeJob(database)
            let cookie = try await Self.signIn(server)
            let job = try await server.send("GET", "/jobs/\(Self.id)", headers: Self.page + [cookie])
            let token = try Self.token(job)
            let other = try Self.token(
                try await server.send("GET", "/try", headers: Self.page + [try await Self.signIn(server)]))
            func cancel(_ body: String, _ more: [(String, String)] = []) async throws -> TestServer.Reply {
                try await server.send(
                    "POST", "/jobs/\(Self.id)/cancel", headers: [cookie, Self.form] + more, body: body)
            }
            for body in ["", "csrf=", "csrf=x", "csrf=\(other)", "csrf=\(token)&csrf=\(token)"] {
                let reply = try await cancel(body)
                #expect(reply.status == 403 && reply.code == "INVALID_SIGNATURE", "\(body)")
            }
            for more in [("Sec-Fetch-Site", "cross-site"), ("Origin", "http://evil.example"), ("Origin", "null")] {
                #expect(try await cancel("csrf=\(token)", [more]).status == 403, "\(more)")
            }
            #expect(try await server.poll("/api/v1/batch-status/:job", job: Self.id).json["status"] == "processing")
            let done = try await cancel("csrf=\(token)", [("Sec-Fetch-Site", "same-origin")])
            #expect(done.status == 303 && done.header("Location") == "/jobs/\(Self.id)")
            #expect(try await server.poll("/api/v1/batch-status/:job", job: Self.id).json["status"] == "cancelled")
            // C4.3: a second cancel is too late; a browser gets a page, a program JSON (C4.1).
            #expect(try await cancel("csrf=\(token)").code == "JOB_ALREADY_CANCELLED")
            let shown = try await cancel("csrf=\(token)", Self.page)
            #expect(shown.status == 409 && shown.text.contains("JOB_ALREADY_CANCELLED</p>") == false)
            #expect(shown.header("Content-Type")?.hasPrefix("text/html") == true)
        }
    }

    @Test("hostile text in a job stays text on every page")
    func hostile() async throws {
        try await TestServer.with { server, database in
            try await PollTests.makeJob(database, status: "completed")
            try await onDatabase(database) {
                try await $0.execute(
                    #"""
                    UPDATE batch_jobs SET error_message = '<script>1</script>', languages = '{"<script>2"}';
                    UPDATE batch_lots SET lot_id = '<script>3', additional_info = '"><script>4</script>',
                        images = '["javascript:alert(5)", "https://a.example/\"><script>6"]', image_count = 2;
                    UPDATE lot_results SET images = 1, succeeded = position > 0, payload = '{"lot_id":"x",
                        "status":"completed","processed_images":1,"error":"<script>7</script>",
                        "descriptions":[{"language":"<script>8",
                            "damages":"<p onload=x>d<script>9</script><img src=y></p>"}],
                        "missing_images":["javascript:alert(10)"]}';
                    INSERT INTO webhook_deliveries (id, batch_job_id, webhook_url, status, event, next_attempt_at,
                        positions, error_message)
                    VALUES (gen_random_uuid(), '550e8400-e29b-41d4-a716-446655440000', 'https://b/<script>11', 'failed',
                        '<script>12', now(), '{0}', '<script>13');
                    INSERT INTO job_events (job_id, event, detail)
                    VALUES ('550e8400-e29b-41d4-a716-446655440000', '<script>14', '<script>15');
                    """#)
            }
            let cookie = try await Self.signIn(server)
            let job = "/jobs/\(Self.id)"
            for path in [
                "/jobs", job, job + "/lots", job + "/lots?show=failed", job + "/lots?show=missing",
                job + "/lot?position=0", job + "/lot?position=1&images=1", job + "/webhooks", "/system",
            ] {
                let reply = try await server.send("GET", path, headers: Self.page + [cookie])
                #expect(reply.status == 200, "\(path)")
                let scripts = reply.text.matches(of: /<script[^>]*>/).map { String($0.0) }
                #expect(scripts == ["<script src=\"/site.js\" defer=\"\">"], "\(path)")
                #expect(!reply.text.contains("onload=x") && !reply.text.contains("<img src=\"y"), "\(path)")
                #expect(!reply.text.contains("href=\"javascript"), "\(path)")
            }
        }
    }

    @Test("pictures are loaded on request only, and from their own hosts")
    func pictures() async throws {
        try await TestServer.with { server, database in
            try await PollTests.makeJob(database, status: "completed")
            let cookie = try await Self.signIn(server)
            let path = "/jobs/\(Self.id)/lot?position=1"
            let plain = try await server.send("GET", path, headers: Self.page + [cookie])
            #expect(!plain.text.contains("<img"))
            #expect(plain.header("Content-Security-Policy")?.contains("img-src 'self';") == true)
            let shown = try await server.send("GET", path + "&images=1", headers: Self.page + [cookie])
            #expect(shown.text.contains("<img src=\"http://127.0.0.1/a\""))
            #expect(shown.header("Content-Security-Policy")?.contains("img-src 'self' http://127.0.0.1;") == true)
            for wrong in ["position=99", "position=x", "position=1&images=2"] {
                let reply = try await server.send("GET", "/jobs/\(Self.id)/lot?\(wrong)", headers: [cookie])
                #expect(reply.code == (wrong == "position=99" ? "NOT_FOUND" : "INVALID_PARAMETER"))
            }
        }
    }

    @Test("lists can be read to their end page by page, each row exactly once")
    func pages() async throws {
        try await TestServer.with { server, database in
            // Equal times, so that the key's second part decides.
            for number in 10..<70 {
                let id = "550e8400-e29b-41d4-a716-4466554400\(number)"
                try await PollTests.makeJob(
                    database, id: id, status: "completed", lots: number == 10 ? 60 : 2, age: "\(number / 20) days")
            }
            try await onDatabase(database) {
                try await $0.execute("UPDATE batch_jobs SET created_at = date_trunc('day', created_at)")
            }
            let cookie = try await Self.signIn(server)
            func walk(_ start: String, _ each: Regex<(Substring, Substring)>) async throws -> [String] {
                var (found, path): ([String], String?) = ([], start)
                while let here = path {
                    let page = try await server.send("GET", here, headers: Self.page + [cookie])
                    found += page.text.matches(of: each).map { String($0.1) }
                    let next = page.text.firstMatch(of: /href="([^"]+)" rel="next"/)
                    path = next.map { String($0.1).replacingOccurrences(of: "&amp;", with: "&") }
                }
                return found
            }
            let jobs = try await walk("/jobs?status=completed", /data-job="([^"]+)"/)
            #expect(jobs.count == 60 && Set(jobs).count == 60)
            #expect(try await walk("/jobs?status=failed", /data-job="([^"]+)"/).isEmpty)
            let wrong = try await server.send("GET", "/jobs?status=nonsense", headers: [cookie])
            #expect(wrong.status == 400 && wrong.code == "INVALID_PARAMETER")
            let lots = try await walk(
                "/jobs/550e8400-e29b-41d4-a716-446655440010/lots", /lot\?position=([0-9]+)"/)
            #expect(lots == (0..<60).map(String.init))
        }
    }

    @Test("a stream of events has each change and ends with the last job")
    func events() async throws {
        try await TestServer.with { server, database in
            try await PollTests.makeJob(database, lots: 10)
            let cookie = try await Self.signIn(server)
            let text = try await onLoop { [port = server.port] loop in
                let client = try await HTTPTestClient.connect(port: port, on: loop)
                defer { client.close() }
                client.send(
                    "GET /events?inside=1&jobs=\(Self.id) HTTP/1.1\r\nHost: x\r\n\(cookie.0): \(cookie.1)\r\n\r\n")
                func wait(for part: String) async throws {
                    try await client.wait { String(decoding: client.received, as: UTF8.self).contains(part) }
                }
                try await wait(for: #""processed":6,"#)
                try await wait(for: "event: inside")
                try await onDatabase(database) {
                    try await $0.execute("UPDATE batch_jobs SET processed_lots = 9, updated_at = clock_timestamp()")
                }
                try await wait(for: #""processed":9,"#)
                try await onDatabase(database) {
                    try await $0.execute(
                        """
                        UPDATE batch_jobs SET status = 'completed', processed_lots = 10, updated_at = clock_timestamp()
                        """)
                }
                try await wait(for: "event: end")
                try await wait(for: "\r\n0\r\n\r\n")
                return String(decoding: client.received, as: UTF8.self)
            }
            #expect(text.contains("Content-Type: text/event-stream") && text.contains("X-Accel-Buffering: no"))
            #expect(text.contains(#""percentage":"90.0 %""#) && text.contains(#""open":false"#))
            for wrong in ["", "?jobs=", "?jobs=x", "?jobs=\(Self.id),\(Self.id)"] {
                #expect(try await server.send("GET", "/events\(wrong)", headers: [cookie]).code == "INVALID_PARAMETER")
            }
        }
    }

    @Test("results are downloaded as through the API; missing ones give an error page")
    func download() async throws {
        try await TestServer.with { server, database in
            try await PollTests.makeJob(database, status: "completed")
            let cookie = try await Self.signIn(server)
            let file = try await server.send("GET", "/jobs/\(Self.id)/download", headers: [cookie])
            let same = try await server.poll("/api/v1/batch-results/:job/download", job: Self.id)
            #expect(file.status == 200 && file.body == same.body && file.header("Cache-Control") == "no-store")
            #expect(file.header("Content-Disposition") == same.header("Content-Disposition"))
            for path in ["/jobs/nonsense", "/jobs/00000000-0000-0000-0000-000000000000"] {
                let reply = try await server.send("GET", path, headers: Self.page + [cookie])
                #expect(reply.status == 404 && reply.text.contains("There is no job with this id"))
                #expect(try await server.send("GET", path, headers: [cookie]).code == "JOB_NOT_FOUND")
            }
        }
    }

    @Test("a form submits a car under the API's rules")
    func tryIt() async throws {
        try await TestServer.with { server, _ in
            let cookie = try await Self.signIn(server)
            let token = try Self.token(try await server.send("GET", "/try", headers: Self.page + [cookie]))
            func send(_ fields: String) async throws -> TestServer.Reply {
                try await server.send(
                    "POST", "/try", headers: Self.page + [cookie, Self.form], body: "csrf=\(token)&\(fields)")
            }
            let cases = [
                ("images=&languages=en", 400), ("images=http://127.0.0.1:9/a.jpg&languages=", 400),
                ("images=http://127.0.0.1:9/a.jpg&languages=xx", 422), ("images=ftp://a/b&languages=en", 422),
                ("images=http://127.0.0.1:9/a.jpg&languages=en", 422),
            ]
            for (fields, status) in cases { #expect(try await send(fields).status == status, "\(fields)") }
            let kept = try await send("images=%3Cscript%3E&languages=en&info=%22%3E")
            #expect(kept.text.contains("&lt;script&gt;</textarea>") && kept.text.contains("value=\"&quot;&gt;\""))
        }
    }

    @Test("signing out deletes the browser's cookie")
    func signingOut() async throws {
        try await TestServer.with { server, _ in
            let cookie = try await Self.signIn(server)
            let token = try Self.token(try await server.send("GET", "/jobs", headers: Self.page + [cookie]))
            let reply = try await server.send("POST", "/sign-out", headers: [cookie, Self.form], body: "csrf=\(token)")
            #expect(reply.status == 303 && reply.header("Set-Cookie")?.contains("Max-Age=0") == true)
            let wrong = try await server.send("PUT", "/sign-in")
            #expect(wrong.status == 405 && wrong.header("Allow") == "GET, HEAD, POST")
        }
    }
}
