// From a head's bytes to a `RequestHead`: llhttp's findings, and the checks llhttp leaves to us. Pure; any thread.
// What smuggles requests past proxies is refused rather than interpreted.
import Engine

extension RequestHead {
    /// `bytes`: a whole head, its empty line included.
    package init(_ bytes: [UInt8], parser: LLHTTPParser) throws(RequestProblem) {
        try parser.parse(head: bytes)
        guard let minor = parser.minorVersion else { throw .malformed("only HTTP/1.0 and HTTP/1.1 are spoken here") }
        // llhttp forgives further spaces here, and proxies may not.
        let version = parser.target.upperBound + 1..<parser.target.upperBound + 9
        guard parser.method.lowerBound == 0, parser.target.lowerBound == parser.method.upperBound + 1,
            bytes[version].starts(with: "HTTP/1.".utf8), bytes[version.upperBound] == ASCII.cr
        else { throw .malformed("the request line is not `METHOD target HTTP/1.1`") }
        let fields = parser.fields.map { Field(name: $0.name, value: RequestHead.trimmed($0.value, bytes)) }
        let local = try RequestHead.localPart(of: parser.target, method: parser.method, bytes)
        let facts = try FieldFacts(fields, bytes)
        self.bytes = bytes
        self.fields = fields
        methodRange = parser.method
        targetRange = parser.target
        localRange = local
        minorVersion = minor
        keepAlive = parser.keepAlive
        bodyFraming = try facts.framing(minorVersion: minor)
        expectsContinue = try facts.expectsContinue(minorVersion: minor)
        // An authority in the target would win over Host; a second or missing Host is a sign of games all the same.
        guard facts.hosts == 1 || facts.hosts == 0 && minor == 0 else {
            throw .malformed("exactly one Host header is needed")
        }
    }

    private static func trimmed(_ range: Range<Int>, _ bytes: [UInt8]) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, bytes[start] == ASCII.space || bytes[start] == ASCII.tab { start += 1 }
        while end > start, bytes[end - 1] == ASCII.space || bytes[end - 1] == ASCII.tab { end -= 1 }
        return start..<end
    }

    /// Origin form and absolute form (RFC 9112 3.2) lead to a path; `*` goes with OPTIONS only; CONNECT is not for us.
    private static func localPart(of target: Range<Int>, method: Range<Int>, _ bytes: [UInt8]) throws(RequestProblem)
        -> Range<Int>
    {
        let text = bytes[target]
        guard text.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }) else {
            throw .malformed("a character of the request target must be percent-encoded")
        }
        if text.first == UInt8(ascii: "/") { return target }
        if text.elementsEqual("*".utf8), bytes[method].elementsEqual("OPTIONS".utf8) { return target }
        for scheme in ["http://", "https://"] where ASCII.matches(text.prefix(scheme.utf8.count), scheme.utf8) {
            let authority = text.dropFirst(scheme.utf8.count)
            let end = authority.firstIndex(of: UInt8(ascii: "/")) ?? text.endIndex
            let name = authority[..<end]
            // Without a path there is no range of bytes that says "/".
            guard !name.isEmpty, end < text.endIndex, name.allSatisfy(isHostByte) else { break }
            return end..<text.endIndex
        }
        throw .malformed("the request target is neither a path nor a URL with one")
    }

    static func isHostByte(_ byte: UInt8) -> Bool {
        ASCII.isLetterOrDigit(byte) || "-._~%:[]!$&'()*+,;=".utf8.contains(byte)
    }
}

/// What the fields say about delimiting the message.
private struct FieldFacts {
    var hosts = 0
    private var lengths = 0
    private var length = 0
    private var codings = 0
    private var chunked = false
    private var expectations = 0
    private var wantsContinue = false

    init(_ fields: [RequestHead.Field], _ bytes: [UInt8]) throws(RequestProblem) {
        for field in fields {
            if field.name.isEmpty { throw .malformed("a header has no name") }
            let value = bytes[field.value]
            // Told apart by length first: of most fields no letter is compared.
            switch field.name.count {
            case 4 where ASCII.matches(bytes[field.name], "host".utf8):
                hosts += 1
                guard value.allSatisfy(RequestHead.isHostByte) else { throw .malformed("the Host header is no host") }
            case 6 where ASCII.matches(bytes[field.name], "expect".utf8):
                expectations += 1
                wantsContinue = ASCII.matches(value, "100-continue".utf8)
            case 14 where ASCII.matches(bytes[field.name], "content-length".utf8):
                lengths += 1
                length = try FieldFacts.number(value)
            case 17 where ASCII.matches(bytes[field.name], "transfer-encoding".utf8):
                codings += 1
                chunked = ASCII.matches(value, "chunked".utf8)
            case _: continue
            }
        }
    }

    private static func number(_ digits: ArraySlice<UInt8>) throws(RequestProblem) -> Int {
        guard (1...18).contains(digits.count), digits.allSatisfy(ASCII.isDigit) else {
            throw .malformed("Content-Length is not a number of bytes")
        }
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    func framing(minorVersion: Int) throws(RequestProblem) -> BodyFraming {
        guard lengths <= 1 else { throw .malformed("Content-Length is repeated") }
        guard lengths == 0 || codings == 0 else {
            throw .malformed("both Content-Length and Transfer-Encoding are given")
        }
        if codings > 0 {
            guard codings == 1, chunked else { throw .malformed("the only transfer coding understood is chunked") }
            guard minorVersion == 1 else { throw .malformed("HTTP/1.0 has no Transfer-Encoding") }
            return .chunked
        }
        return length > 0 ? .length(length) : .none
    }

    /// HTTP/1.0 knows no Expect and does not wait (RFC 9110 10.1.1).
    func expectsContinue(minorVersion: Int) throws(RequestProblem) -> Bool {
        guard expectations > 0, minorVersion == 1 else { return false }
        guard expectations == 1, wantsContinue else {
            throw .malformed("the only expectation understood is 100-continue")
        }
        return true
    }
}
