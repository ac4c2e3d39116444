// URLs as they go over the wire.
import Engine
import Testing

@Suite("URLs on the wire")
struct WireURLTests {
    @Test(
        "characters that RFC 3986 does not allow are encoded, and a name gets its ASCII form",
        arguments: [
            ("http://a.example/img/a|b_[1]", "http://a.example/img/a%7Cb_%5B1%5D"),
            ("http://a.example/grün-日本.jpg", "http://a.example/gr%C3%BCn-%E6%97%A5%E6%9C%AC.jpg"),
            ("https://münchen.example/ä.jpg?q=ö#ü", "https://xn--mnchen-3ya.example/%C3%A4.jpg?q=%C3%B6#%C3%BC"),
            ("http://a.example/x?x={1}&y=a|b&z=^`", "http://a.example/x?x=%7B1%7D&y=a%7Cb&z=%5E%60"),
            ("http://a.example/\"<>\"", "http://a.example/%22%3C%3E%22"),
            ("http://a.example/100%/50%2", "http://a.example/100%25/50%252"),
            ("http://a.example/x#a#b", "http://a.example/x#a%23b"),
            ("http://bücher.example:8080/ü", "http://xn--bcher-kva.example:8080/%C3%BC"),
            ("http://[2606:4700::1111]:8080/ü", "http://[2606:4700::1111]:8080/%C3%BC"),
            ("http://a.example?ü", "http://a.example?%C3%BC"),
        ])
    func encoded(url: String, wire: String) {
        #expect(WireURL.text(url) == wire)
        #expect(WireURL.text(wire) == wire)
    }

    @Test(
        "what is allowed stays byte for byte",
        arguments: [
            "https://a.example/img/gr%C3%BCn-%5B1%5D.jpg?x=%7b1%7d&y=a+b", "HTTPS://EXAMPLE.COM/A?b=c&d=%20#e",
            "http://a.example/-._~!$&'()*+,;=:@/x?a=/?@:#/?", "http://[2606:4700::1111]/x.png", "http://8.8.8.8",
            "https://a.example/?X-Amz-Signature=0a&X-Amz-Credential=A%2F20261130%2Feu", "not a url", "", "data:x|y",
        ])
    func unchanged(url: String) { #expect(WireURL.text(url) == url) }
}
