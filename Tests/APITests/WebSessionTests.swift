// Sessions, cookies, origins and parts of pages without a server.
import Engine
import TestSupport
import Testing

@testable import Server

@Suite("Sessions of the web interface", .timeLimit(.minutes(1)))
struct WebSessionTests {
    private static let now = Timestamp(seconds: 1_760_000_000)
    private static let key = "a-shared-key-of-at-least-32-characters"
    private static let other = "another-shared-key-of-32-characters!!"

    private static func keys(_ secret: String? = "secret", _ shared: [String] = [key]) -> SessionKeys {
        SessionKeys(secret: secret, shared: shared)
    }

    @Test("C8: only the shared key opens a session")
    func opened() throws {
        let keys = Self.keys()
        let (session, token) = try #require(keys.open(with: Self.key, now: Self.now))
        #expect(keys.find(token, now: Self.now) == session)
        for wrong in ["", "secret", Self.key + " ", String(Self.key.dropLast()), Self.other] {
            #expect(keys.open(with: wrong, now: Self.now) == nil)
        }
        let again = try #require(keys.open(with: Self.key, now: Self.now))
        #expect(again.session.id != session.id && again.session.csrf != session.csrf)
    }

    @Test("C8: a session ends exactly after its time")
    func expiry() throws {
        let keys = Self.keys()
        let (session, token) = try #require(keys.open(with: Self.key, now: Self.now))
        let life = Double(SessionKeys.lifetimeSeconds)
        #expect(session.expires == Self.now + life)
        #expect(keys.find(token, now: Self.now + (life - 1)) != nil)
        #expect(keys.find(token, now: Self.now + life) == nil)
    }

    @Test("C8: any change of a token invalidates it")
    func tampering() throws {
        let keys = Self.keys()
        let token = try #require(keys.open(with: Self.key, now: Self.now)).token
        for place in token.indices {
            var changed = token
            changed.replaceSubrange(place...place, with: token[place] == "1" ? "2" : "1")
            #expect(keys.find(changed, now: Self.now) == nil, "\(changed)")
        }
        for token in ["", ".", "..", "...", token + ".", token + "0", "x" + token, token.uppercased() + "g"] {
            #expect(keys.find(token, now: Self.now) == nil, "\(token)")
        }
        let parts = token.split(separator: ".")
        #expect(keys.find("\(parts[0]).99999999999.\(parts[2])", now: Self.now) == nil)
    }

    @Test("C8: SESSION_SECRET signs: another one, or another shared key, invalidates a session")
    func secrets() throws {
        let token = try #require(Self.keys().open(with: Self.key, now: Self.now)).token
        #expect(Self.keys("other secret").find(token, now: Self.now) == nil)
        #expect(Self.keys(nil).find(token, now: Self.now) == nil)
        #expect(Self.keys("secret", [Self.other]).find(token, now: Self.now) == nil)
        // Without the setting the shared key signs, equally in every instance.
        let plain = try #require(Self.keys(nil).open(with: Self.key, now: Self.now)).token
        #expect(Self.keys(nil).find(plain, now: Self.now) != nil)
        #expect(Self.keys(nil, [Self.other]).find(plain, now: Self.now) == nil)
    }

    @Test("C1.6: during a rotation both keys open sessions, and a session ends with its key")
    func rotation() throws {
        let both = Self.keys("secret", [Self.other, Self.key])
        let (old, new) = (
            try #require(both.open(with: Self.key, now: Self.now)).token,
            try #require(both.open(with: Self.other, now: Self.now)).token
        )
        #expect(both.find(old, now: Self.now) != nil && both.find(new, now: Self.now) != nil)
        #expect(Self.keys("secret", [Self.other]).find(old, now: Self.now) == nil)
        #expect(Self.keys("secret", [Self.other]).find(new, now: Self.now) != nil)
    }

    @Test("a form's token belongs to its session")
    func csrf() throws {
        let keys = Self.keys()
        let mine = try #require(keys.open(with: Self.key, now: Self.now)).session
        let theirs = try #require(keys.open(with: Self.key, now: Self.now)).session
        #expect(mine.owns(mine.csrf) && mine.owns(mine.csrf.uppercased()))
        for token in [nil, "", "x", theirs.csrf, mine.id, String(mine.csrf.dropLast())] { #expect(!mine.owns(token)) }
    }

    @Test("the cookie is for this host and hidden from scripts; Secure over TLS")
    func cookie() {
        let plain = SessionCookie.set("t", isSecure: false).1
        #expect(plain == "generation_session=t; Path=/; Max-Age=28800; HttpOnly; SameSite=Lax")
        let secure = SessionCookie.set("t", isSecure: true).1
        #expect(secure == "__Host-generation_session=t; Path=/; Max-Age=28800; HttpOnly; SameSite=Lax; Secure")
        #expect(SessionCookie.clear(isSecure: false).1.contains("=; Path=/; Max-Age=0;"))
        let cookies = ["a=b; generation_session=1;generation_session=2", "__Host-generation_session=3; x"]
        #expect(SessionCookie.values(cookies, isSecure: false) == ["1", "2"])
        #expect(SessionCookie.values(cookies, isSecure: true) == ["3"])
    }

    @Test("C3.1: only a trusted proxy can report TLS")
    func secure() throws {
        let proxies = [try CIDR(parsing: "10.0.0.0/8")]
        let (proxy, stranger) = (try #require(IPAddress("10.1.2.3")), try #require(IPAddress("192.0.2.1")))
        func isSecure(_ from: IPAddress, _ proto: String?) -> Bool {
            WebOrigin.isSecure(from, forwardedProto: proto, trusted: proxies)
        }
        #expect(isSecure(proxy, "https") && isSecure(proxy, "http, https"))
        #expect(!isSecure(stranger, "https") && !isSecure(proxy, "http") && !isSecure(proxy, nil))
        #expect(!isSecure(proxy, "https, http"))
    }

    @Test("forms of other sites are detected by the browser's headers")
    func origins() {
        func isOurs(_ site: String?, _ origin: String?, _ host: String? = "gen.example:5000") -> Bool {
            WebOrigin.isOurs(fetchSite: site, origin: origin, host: host)
        }
        #expect(isOurs("same-origin", nil) && isOurs("none", nil) && isOurs(nil, nil))
        #expect(isOurs(nil, "http://gen.example:5000") && isOurs(nil, "https://GEN.example", "gen.example"))
        #expect(!isOurs("cross-site", "http://gen.example:5000") && !isOurs("same-site", nil))
        for origin in ["null", "http://evil.example", "http://gen.example.evil.example", "http://evil/gen.example"] {
            #expect(!isOurs(nil, origin), "\(origin)")
        }
        #expect(isOurs(nil, "http://[::1]:5000", "[::1]:5000") && !isOurs(nil, "http://[::1]", "[::2]"))
    }

    @Test(
        "sign-in redirects to pages of this site only",
        arguments: [
            "//evil.example", "/\\evil.example", "https://evil.example", "evil", "", "/a b", "/a\r\nX: y", "\\/evil",
        ])
    func target(next: String) {
        #expect(SignIn.target(next) == "/jobs")
        #expect(SignIn.target(nil) == "/jobs" && SignIn.target("/jobs?status=failed") == "/jobs?status=failed")
    }

    @Test("a policy contains only hosts that cannot break its syntax")
    func policy() {
        #expect(WebOrigin.origin(of: "https://Example.com:8443/a?b#c") == "https://example.com:8443")
        for url in [
            "https://a;script-src/x", "https://a b/", "https://[::1]/x", "https://äpfel.example/", "ftp://a/",
            "https:///",
        ] {
            #expect(WebOrigin.origin(of: url) == nil, "\(url)")
        }
        #expect(LotPage.origins((0..<50).map { "http://h\($0).example/x" }).count == LotPage.hostsMax)
        #expect(LotPage.origins(["http://a.example/1", "http://a.example/2"]) == ["http://a.example"])
        #expect(!WebHeaders.policy().contains("unsafe") && WebHeaders.policy().contains("img-src 'self';"))
    }
}

@Suite("Parts of a page", .timeLimit(.minutes(1)))
struct WebPieceTests {
    @Test("an untrusted address is a link only if it is http or https")
    func links() {
        var html = HTML()
        html.outsideLink("javascript:alert(1)")
        html.outsideLink("https://a.example/\"><script>")
        #expect(
            html.text == """
                <code>javascript:alert(1)</code><a href="https://a.example/&quot;&gt;&lt;script&gt;" \
                rel="noreferrer noopener nofollow" target="_blank">https://a.example/&quot;&gt;&lt;script&gt;</a>
                """)
    }

    @Test("C2.4: a description is cleaned again for the page")
    func description() {
        var html = HTML()
        html.description("<p onclick=\"x()\">a <script>alert(1)</script><img src=x onerror=y><strong>b</strong></p>")
        #expect(html.text.contains("<strong>b</strong>"))
        for word in ["script", "img", "onclick", "onerror"] { #expect(!html.text.contains("<" + word), "\(word)") }
        #expect(!html.text.contains("onclick="))
        #expect(WebText.withoutTags("<p>a &lt;b&gt; &amp;lt;</p><p>c</p>") == "a <b> &lt; c")
    }

    @Test("attributes without a value are left out")
    func attributes() {
        var html = HTML()
        html.void("input", ["value": nil, "required": "", "name": "a&b"])
        #expect(html.text == "<input required=\"\" name=\"a&amp;b\">")
    }

    @Test("numbers and times for people")
    func texts() throws {
        #expect(WebText.count(0) == "0" && WebText.count(999) == "999" && WebText.count(50_000) == "50\u{202F}000")
        #expect(WebText.count(-1_234_567) == "-1\u{202F}234\u{202F}567")
        #expect(WebText.time(try #require(Timestamp(iso: "2025-08-05T08:30:15Z"))) == "2025-08-05 08:30:15 UTC")
        #expect(Chart.number(0.04) == "0" && Chart.number(12.34) == "12.3" && Chart.number(3) == "3")
    }

    @Test("a chart draws its values and describes them in text")
    func chart() {
        var html = HTML()
        Chart(title: "T", values: [0, 2, 4], bad: [0, 1, 0], unit: "u", from: "a", to: "b").write(to: &html)
        #expect(html.text.components(of: "<rect") == 3)
        #expect(html.text.contains("aria-label=\"T, u, from a to b: most 4, last 4\""))
        var empty = HTML()
        Chart(title: "T", values: [], unit: "u", from: "a", to: "b").write(to: &empty)
        #expect(!empty.text.contains("<rect") && empty.text.contains("nothing yet"))
    }

    @Test("exactly the last hour is kept")
    func trends() {
        let trends = Trends()
        for number in 0..<Trends.periods + 5 { trends.append(TrendSample(requests: number)) }
        #expect(trends.samples.count == Trends.periods)
        #expect(trends.samples.first?.requests == 5 && trends.samples.last?.requests == Trends.periods + 4)
    }
}

extension String {
    /// Number of occurrences of `part`.
    fileprivate func components(of part: String) -> Int { ranges(of: part).count }
}

@Suite("Updates of live pages", .timeLimit(.minutes(1)))
struct LiveFeedTests {
    @Test("streams are bounded, and a closed one frees its place")
    func bounded() async throws {
        try await onLoop { loop in
            let feed = LiveFeed(on: loop)
            for _ in 0..<LiveFeed.streamsMax { try feed.enter() }
            #expect(throws: ServiceError.self) { try feed.enter() }
            feed.leave()
            try feed.enter()
            feed.close()
        }
    }

    @Test("all waiters resume in the same turn; a cancelled one does not delay the others")
    func together() async throws {
        try await onLoop { loop in
            let feed = LiveFeed(on: loop)
            var struck = 0
            let tasks = (0..<3).map { _ in
                LoopTask(on: loop) {
                    try await feed.beat()
                    struck += 1
                    return struck
                }
            }
            tasks[0].cancel()
            let (second, third) = (try await tasks[1].value(), try await tasks[2].value())
            #expect(second == 1 && third == 2)
            await #expect(throws: CancellationError.self) { _ = try await tasks[0].value() }
            feed.close()
        }
    }
}
