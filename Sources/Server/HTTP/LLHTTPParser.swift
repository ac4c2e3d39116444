// Owns an llhttp parser; the only user of llhttp. Frees: the parser in deinit; its settings are never freed. Thread:
// one at a time. A listener keeps spare parsers; a connection holds one only while a chunked body arrives.
import CShims
import Engine

/// Receives the bytes of a chunked body; returns false to pause the parser.
protocol ChunkSink: AnyObject {
    func chunkBytes(_ bytes: Span<UInt8>) -> Bool
}

/// Parses one head at once and then, for a chunked body, the body in pieces.
package final class LLHTTPParser {
    private let raw: UnsafeMutablePointer<llhttp_t>

    /// Results of the callbacks for the head. Offsets count from the head's first byte.
    private var base: UnsafePointer<CChar>?
    private(set) var method = 0..<0
    private(set) var target = 0..<0
    private(set) var fields: [RequestHead.Field] = []
    private var name: Range<Int>?
    private var value: Range<Int>?
    private(set) var keepAlive = false
    private var headComplete = false

    private var sink: (any ChunkSink)?
    private(set) var messageComplete = false
    private var bodyBytes = 0
    private var framingBytes = 0

    /// Limit for chunk sizes, extensions and trailers: this plus sixteen bytes per byte of the body. More is treated as
    /// abuse.
    static let framingBytesMax = 16 * 1024

    package init() {
        raw = .allocate(capacity: 1)
        llhttp_init(raw, HTTP_REQUEST, LLHTTPParser.settings)
    }

    deinit { raw.deallocate() }

    /// 0 or 1 for HTTP/1.x; nil for any other version.
    var minorVersion: Int? {
        raw.pointee.http_major == 1 && raw.pointee.http_minor <= 1 ? Int(raw.pointee.http_minor) : nil
    }

    /// Parses a head with its final empty line.
    func parse(head: [UInt8]) throws(RequestProblem) {
        reset()
        let status = head.withUnsafeBytes { buffer in
            base = buffer.assumingMemoryBound(to: CChar.self).baseAddress
            return run(base, buffer.count)
        }
        base = nil
        if status == HPE_INVALID_METHOD || status == HPE_INVALID_CONSTANT, let method = LLHTTPParser.method(of: head) {
            return try parse(head: head, foreignMethod: method)
        }
        guard status == HPE_OK || status == HPE_PAUSED, headComplete else { throw problem }
    }

    /// Parses a head whose method llhttp does not know. Any token is a method (RFC 9110 9.1), and an unknown one gets
    /// 405 like any other wrong method (C4.2). So llhttp parses a known method in its place.
    private func parse(head: [UInt8], foreignMethod: Range<Int>) throws(RequestProblem) {
        reset()
        let standIn: StaticString = "POST"
        // Without a base the callbacks store nothing, so the stand-in leaves no trace.
        _ = standIn.withUTF8Buffer {
            run(UnsafeRawPointer($0.baseAddress)?.assumingMemoryBound(to: CChar.self), $0.count)
        }
        method = foreignMethod
        let status = head.withUnsafeBytes { buffer in
            base = buffer.assumingMemoryBound(to: CChar.self).baseAddress
            return run(base.map { $0 + foreignMethod.upperBound }, buffer.count - foreignMethod.upperBound)
        }
        base = nil
        guard status == HPE_OK || status == HPE_PAUSED, headComplete else { throw problem }
    }

    private static let methodBytesMax = 32

    /// The range of the method token, if a space follows it.
    private static func method(of head: [UInt8]) -> Range<Int>? {
        let end = head.prefix(methodBytesMax + 1).firstIndex { !ASCII.isToken($0) } ?? 0
        return end > 0 && head[end] == ASCII.space ? 0..<end : nil
    }

    /// Parses bytes that follow the head of a chunked request.
    /// - Returns: the number of bytes used. Fewer than all: the sink wants a pause, or the message is complete.
    func parse(body: Span<UInt8>, into sink: any ChunkSink) throws(RequestProblem) -> Int {
        self.sink = sink
        defer { self.sink = nil }
        let before = bodyBytes
        llhttp_resume(raw)
        let (status, used) = body.withUnsafeBytes { buffer in
            let start = buffer.assumingMemoryBound(to: CChar.self).baseAddress
            let status = run(start, buffer.count)
            guard status == HPE_PAUSED, let start, let end = llhttp_get_error_pos(raw) else {
                return (status, buffer.count)
            }
            return (status, end - start)
        }
        guard status == HPE_OK || status == HPE_PAUSED else { throw problem }
        framingBytes += used - (bodyBytes - before)
        guard framingBytes <= LLHTTPParser.framingBytesMax + 16 * bodyBytes else {
            throw .malformed("the framing of the chunks is too large for their data")
        }
        return used
    }

    private func reset() {
        llhttp_reset(raw)
        fields.removeAll(keepingCapacity: true)
        (method, target, name, value) = (0..<0, 0..<0, nil, nil)
        (headComplete, keepAlive, messageComplete) = (false, false, false)
        (bodyBytes, framingBytes) = (0, 0)
    }

    private func run(_ start: UnsafePointer<CChar>?, _ count: Int) -> llhttp_errno_t {
        raw.pointee.data = Unmanaged.passUnretained(self).toOpaque()  // callbacks run only within this call
        return llhttp_execute(raw, start, count)
    }

    private var problem: RequestProblem {
        .malformed(llhttp_get_error_reason(raw).map { String(cString: $0) } ?? "this is not an HTTP/1.1 request")
    }

    // MARK: Callbacks

    private func extend(_ range: inout Range<Int>, _ at: UnsafePointer<CChar>?, _ length: Int) {
        guard let at, let base else { return }
        let start = at - base
        range = (range.isEmpty ? start : range.lowerBound)..<(start + length)
    }

    private func extend(_ range: inout Range<Int>?, _ at: UnsafePointer<CChar>?, _ length: Int) {
        var grown = range ?? 0..<0
        extend(&grown, at, length)
        range = grown
    }

    private func fieldEnded() {
        if let name, !headComplete { fields.append(RequestHead.Field(name: name, value: value ?? 0..<0)) }
        (name, value) = (nil, nil)
    }

    private func headEnded() {
        headComplete = true
        keepAlive = llhttp_should_keep_alive(raw) != 0
        // The server never upgrades: it answers such a request as if it had no Upgrade header.
        raw.pointee.upgrade = 0
    }

    private func body(_ at: UnsafePointer<CChar>?, _ length: Int) -> Bool {
        bodyBytes += length
        let bytes = UnsafeRawBufferPointer(start: at, count: length).assumingMemoryBound(to: UInt8.self)
        return sink?.chunkBytes(bytes.span) ?? true
    }

    private static func of(_ raw: UnsafeMutablePointer<llhttp_t>?) -> LLHTTPParser {
        // `run` sets `data` for the duration of its call, and callbacks run only within that call.
        Unmanaged<LLHTTPParser>.fromOpaque(raw!.pointee.data).takeUnretainedValue()
    }

    private static let paused = Int32(HPE_PAUSED.rawValue)

    /// Shared by all parsers; never changed.
    nonisolated(unsafe) private static let settings: UnsafeMutablePointer<llhttp_settings_t> = {
        let settings = UnsafeMutablePointer<llhttp_settings_t>.allocate(capacity: 1)
        llhttp_settings_init(settings)
        settings.pointee.on_method = { raw, at, length in
            let parser = of(raw)
            parser.extend(&parser.method, at, length)
            return 0
        }
        settings.pointee.on_url = { raw, at, length in
            let parser = of(raw)
            parser.extend(&parser.target, at, length)
            return 0
        }
        settings.pointee.on_header_field = { raw, at, length in
            let parser = of(raw)
            parser.extend(&parser.name, at, length)
            return 0
        }
        settings.pointee.on_header_value = { raw, at, length in
            let parser = of(raw)
            parser.extend(&parser.value, at, length)
            return 0
        }
        settings.pointee.on_header_value_complete = { raw in
            of(raw).fieldEnded()
            return 0
        }
        settings.pointee.on_headers_complete = { raw in
            of(raw).headEnded()
            return 0
        }
        settings.pointee.on_body = { raw, at, length in of(raw).body(at, length) ? 0 : paused }
        settings.pointee.on_message_complete = { raw in
            of(raw).messageComplete = true
            return paused  // the following bytes are another request
        }
        return settings
    }()
}
