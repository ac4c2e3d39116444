// The accepted URLs of images and webhooks (C3.3). Any thread.
import Engine
import Testing

@Suite("Untrusted URLs", .timeLimit(.minutes(1)))
struct WebURLTests {
    private let policy = AddressPolicy()

    @Test(
        "C3.3: ordinary URLs are acceptable",
        arguments: [
            "https://example.com/image1.jpg", "http://example.com", "HTTPS://EXAMPLE.COM/A?b=c&d=%20#e",
            "https://example.com:8443/x",
            "https://a.b-c.d_e.example/", "https://example.com./x", "http://8.8.8.8/", "http://[2606:4700::1111]/x.png",
            "http://[2606:4700::1111]:8080/", "https://example.com?x=@y:z", "https://example.com/a@b:c",
            "https://1.example.com/",
            "https://3com.3com/", "https://münchen.example/ä.jpg", "https://example.com/%5C",
            "https://example.com:65535/",
            "https://localhost.example.com/", "https://notlocalhost/", "http://134744072/",
            // Up to 15 bytes, which a String stores inline.
            "http://a.co", "https://a.io/w", "http://8.8.8.8", "http://a.co:80/", "http://[2620::1]/",
        ])
    func acceptable(url: String) {
        #expect(WebURL.problem(url, policy: policy) == nil)
    }

    @Test(
        "C3.3: other schemes and unparsable URLs are refused",
        arguments: [
            "", "example.com/a.jpg", "ftp://example.com/", "file:///etc/passwd", "data:image/png;base64,AAAA",
            "//example.com/",
            "http:/example.com", "http:example.com", "http://", "https:///example.com/", "http:///", "http://?x",
            "http://#x", "http://:80/",
            "http://.", "http://..", "http://a..b/", "http://.a/", "http://example.com:0/", "http://example.com:65536/",
            "http://example.com:99999999999999999999/",
            "http://example.com:80x/", "http://example.com:-1/", "http://exa mple.com/", "http://example.com/a b",
            " http://example.com/", "http://example.com/\n",
            "http://example.com/\u{0}", "http://example.com\\@127.0.0.1/", "http:\\\\example.com",
            "http://example.com/\u{7f}", "http://example.com/\u{a0}x",
            "http://example.com/\u{200b}x", "http://[::1", "http://[::1]x/", "http://[8.8.8.8]/",
            "http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/",
            "http://256.1.1.1/", "http://1.2.3.4.5/", "http://09.1.1.1/", "http://0x1ffffffff/", "http://4294967296/",
            "http://exa$mple.com/",
            "javascript:alert(1)", "https://" + String(repeating: "a", count: 64) + ".com/",
        ])
    func refused(url: String) {
        let problem = WebURL.problem(url, policy: AddressPolicy(allowed: [CIDR(IPAddress(v4: 0), prefix: 0)]))
        #expect(problem != nil)
        #expect(problem?.contains("forbidden") != true || url.contains("::1"))
    }

    @Test(
        "C3.3: credentials are refused",
        arguments: [
            "http://user@example.com/", "https://user:pw@example.com/", "https://:@example.com/",
            "http://example.com@evil.example/",
        ])
    func credentials(url: String) {
        #expect(WebURL.problem(url, policy: policy) == "carries credentials")
    }

    @Test(
        "C3.3, C7: a forbidden address is detected in every notation",
        arguments: [
            "http://127.0.0.1/", "http://127.0.0.1:8080/x", "http://127.1/", "http://127.0.1/", "http://2130706433/",
            "http://0x7f000001/",
            "http://0x7F.0.0.1/", "http://0177.0.0.1/", "http://017700000001/", "http://0x7f.1/", "http://127.0.0.1./",
            "http://0/", "http://0.0.0.0/",
            "http://00000177.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://0xa9fea9fe/",
            "http://10.0.0.1?x", "http://192.168.1.1#x",
            "http://localhost/", "http://LOCALHOST:5000/", "http://localhost./", "http://a.localhost/",
            "http://a.b.LocalHost./", "http://[::1]/",
            "http://[::]/", "http://[0:0:0:0:0:0:0:1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]:80/",
            "http://[fe80::1]/",
            "http://[64:ff9b::7f00:1]/", "http://[fd00::1]/x", "http://１２７.0.0.1/", "http://ｌocalhost/",
            "http://%31%32%37.0.0.1/", "http://127。0。0。1/",
            "http://①②⑦.0.0.1/", "http://%6cocalhost/", "https://0x0a.0x00.0x00.0x01/", "https://012.1/",
        ])
    func forbiddenAddress(url: String) {
        #expect(WebURL.problem(url, policy: policy) == "names a forbidden address")
    }

    @Test("C7: an opened network is acceptable in every notation")
    func opened() throws {
        let open = AddressPolicy(allowed: [try CIDR(parsing: "127.0.0.0/8"), try CIDR(parsing: "::1")])
        for url in [
            "http://127.0.0.1:9000/a.jpg", "http://localhost:9000/a.jpg", "http://0x7f.1/", "http://[::1]:9000/",
        ] {
            #expect(WebURL.problem(url, policy: open) == nil, "\(url)")
        }
    }

    @Test("bytes and text get the same verdict")
    func bytes() {
        let bytes = Array("http://127.0.0.1/".utf8)
        #expect(WebURL.problem(bytes.span, policy: policy) == "names a forbidden address")
        let broken: [UInt8] = Array("http://example.com/".utf8) + [0xFF, 0xFE]
        #expect(WebURL.problem(broken.span, policy: policy) != nil)
    }
}
