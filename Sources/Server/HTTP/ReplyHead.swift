// Writes a reply's status line and headers. Pure; any thread.
import Engine

/// How the end of a reply is marked.
enum ReplyFraming: Equatable {
    /// Neither body nor length: 204, 304.
    case none
    case length(Int)
    case chunked
    /// Only for HTTP/1.0 clients.
    case untilClose
}

/// The head of a reply.
struct ReplyHead {
    var status: Int
    var framing: ReplyFraming
    var keepAlive: Bool
    /// An HTTP/1.0 client needs a header if the connection stays open, an HTTP/1.1 client if it closes.
    var minorVersion: Int

    func write(
        to out: inout [UInt8], date: [UInt8], requestID: RequestID, headers: [(String, String)],
        more: [(String, String)]
    ) {
        out.append(contentsOf: "HTTP/1.1 ".utf8)
        out.append(decimal: status)
        out.append(ASCII.space)
        out.append(contentsOf: ReplyHead.reason(status).utf8)
        out.append(contentsOf: "\r\n".utf8)
        out.append(contentsOf: date)
        out.append(contentsOf: "X-Request-ID: ".utf8)
        requestID.write(to: &out)
        switch framing {
        case .none, .untilClose: break
        case .length(let bytes):
            out.append(contentsOf: "\r\nContent-Length: ".utf8)
            out.append(decimal: bytes)
        case .chunked: out.append(contentsOf: "\r\nTransfer-Encoding: chunked".utf8)
        }
        if !keepAlive {
            out.append(contentsOf: "\r\nConnection: close".utf8)
        } else if minorVersion == 0 {
            out.append(contentsOf: "\r\nConnection: keep-alive".utf8)
        }
        out.append(contentsOf: "\r\n".utf8)
        for (name, value) in headers { ReplyHead.writeField(name, value, to: &out) }
        for (name, value) in more { ReplyHead.writeField(name, value, to: &out) }
        out.append(contentsOf: "\r\n".utf8)
    }

    /// Omits a header that would break the head, or that the server sets itself.
    private static func writeField(_ name: String, _ value: String, to out: inout [UInt8]) {
        guard !name.isEmpty, name.utf8.allSatisfy(ASCII.isToken), !isOurs(name),
            value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == ASCII.tab })
        else { return }
        out.append(contentsOf: name.utf8)
        out.append(contentsOf: ": ".utf8)
        out.append(contentsOf: value.utf8)
        out.append(contentsOf: "\r\n".utf8)
    }

    private static let ours = [
        "connection", "content-length", "date", "keep-alive", "transfer-encoding", "upgrade", "x-request-id",
    ]

    private static func isOurs(_ name: String) -> Bool {
        ours.contains { $0.utf8.count == name.utf8.count && ASCII.matches(name.utf8, $0.utf8) }
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 206: "Partial Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 416: "Range Not Satisfiable"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case _: "Status"
        }
    }
}

/// The identifier of a request, in replies and logs.
enum RequestID: Equatable {
    /// The bytes of the client's own header.
    case given(ArraySlice<UInt8>)
    case made(UInt64, UInt64)

    /// The client's identifier; nil unless it matches `[A-Za-z0-9._-]{1,128}`.
    init?(sane bytes: ArraySlice<UInt8>) {
        guard (1...128).contains(bytes.count),
            bytes.allSatisfy({ ASCII.isLetterOrDigit($0) || "._-".utf8.contains($0) })
        else { return nil }
        self = .given(bytes)
    }

    func write(to out: inout [UInt8]) {
        switch self {
        case .given(let bytes): out.append(contentsOf: bytes)
        case .made(let high, let low):
            out.append(hexadecimal: high, digits: 16)
            out.append(hexadecimal: low, digits: 16)
        }
    }

    var text: String {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Makes unique request ids. They may be easy to guess, so they cost no system call each.
struct RequestIDs {
    private let high = UInt64.random(in: .min ... .max)
    private var state = UInt64.random(in: .min ... .max)

    mutating func next() -> RequestID {
        // SplitMix64 is a bijection of a counter, so it gives 2^64 different ids.
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return .made(high, mixed ^ (mixed >> 31))
    }
}
