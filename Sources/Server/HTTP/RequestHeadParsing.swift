// Makes a `RequestHead` from a head's bytes: runs llhttp, then the checks that llhttp does not make. Pure; any thread.
// Refuses every ambiguity that could smuggle a request past a proxy.
import Engine

extension RequestHead {
    /// - Parameter bytes: a complete head with its empty line.
    package init(_ bytes: [UInt8], parser: LLHTTPParser) throws(RequestProblem) {
        try parser.parse(head: bytes)
        guard let minor = parser.minorVersion else { throw .malformed("the version must be HTTP/1.0 or HTTP/1.1") }
        // llhttp accepts extra spaces here; a proxy may not.
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
        // An authority in the target would take precedence over Host. A second or missing Host is suspicious all the
        // same.
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

    /// Accepts origin form and absolute form (RFC 9112 3.2), which lead to a path, and `*` with OPTIONS. Refuses
    /// CONNECT.
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
            // Without a path, no range of the bytes could stand for "/".
            guard !name.isEmpty, end < text.endIndex, name.allSatisfy(isHostByte) else { break }
            return end..<text.endIndex
        }
        throw .malformed("the request target must be a path or a URL with a path")
    }

    static func isHostByte(_ byte: UInt8) -> Bool {
        ASCII.isLetterOrDigit(byte) || "-._~%:[]!$&'()*+,;=".utf8.contains(byte)
    }
}

/// The headers that decide where the message ends.
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
            // Comparing the length first avoids comparing letters for most headers.
            switch field.name.count {
            case 4 where ASCII.matches(bytes[field.name], "host".utf8):
                hosts += 1
                guard value.allSatisfy(RequestHead.isHostByte) else { throw .malformed("the Host header is invalid") }
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
            guard codings == 1, chunked else { throw .malformed("the only supported Transfer-Encoding is chunked") }
            guard minorVersion == 1 else { throw .malformed("Transfer-Encoding needs HTTP/1.1") }
            return .chunked
        }
        return length > 0 ? .length(length) : .none
    }

    /// Ignores Expect from an HTTP/1.0 client, which does not wait (RFC 9110 10.1.1).
    func expectsContinue(minorVersion: Int) throws(RequestProblem) -> Bool {
        guard expectations > 0, minorVersion == 1 else { return false }
        guard expectations == 1, wantsContinue else {
            throw .malformed("the only supported Expect is 100-continue")
        }
        return true
    }
}
