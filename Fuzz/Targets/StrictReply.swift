// A strict parser of HTTP/1.1 replies: accepts only replies that every client can read. Pure. Thread: any.

/// A final or interim reply.
package struct StrictReply: Equatable {
    /// In a reply to HEAD, set by a test server: such a reply has no body.
    package static let toHead = "X-Fuzz-Head"

    package var status: Int
    package var fields: [(name: String, value: String)]
    package var body: [UInt8]

    package struct Flaw: Error {
        package let text: String
    }

    package func field(_ name: String) -> String? { fields.first { $0.name.lowercased() == name.lowercased() }?.value }

    package static func == (a: StrictReply, b: StrictReply) -> Bool {
        a.status == b.status && a.body == b.body && a.fields.elementsEqual(b.fields, by: ==)
    }

    /// Takes one reply from the front of `bytes`.
    package static func read(_ bytes: inout ArraySlice<UInt8>) -> Result<StrictReply, Flaw> {
        do throws(Flaw) { return .success(try StrictReply(&bytes)) } catch { return .failure(error) }
    }

    private init(_ bytes: inout ArraySlice<UInt8>) throws(Flaw) {
        let first = try StrictReply.line(&bytes)
        guard first.hasPrefix("HTTP/1.1 "), first.count > 13, let status = Int(first.dropFirst(9).prefix(3)),
            (100...599).contains(status), first.dropFirst(12).first == " "
        else { throw Flaw(text: "no status line: \(first.debugDescription)") }
        self.status = status
        fields = []
        while true {
            let line = try StrictReply.line(&bytes)
            if line.isEmpty { break }
            fields.append(try StrictReply.field(of: line))
        }
        body = []
        try readBody(&bytes)
        if status >= 200, (field("X-Request-ID") ?? "").isEmpty { throw Flaw(text: "a reply without X-Request-ID") }
    }

    private mutating func readBody(_ bytes: inout ArraySlice<UInt8>) throws(Flaw) {
        let lengths = fields.filter { $0.name == "Content-Length" }.map(\.value)
        let isChunked = fields.contains { $0.name == "Transfer-Encoding" && $0.value == "chunked" }
        if status < 200 || status == 204 || status == 304 {
            guard lengths.isEmpty, !isChunked else { throw Flaw(text: "a body where none is allowed") }
            return
        }
        if lengths.isEmpty, !isChunked, field("Connection") == "close" {
            // Without a length the body lasts until the end of the connection, as in HTTP/1.0.
            body = Array(bytes)
            bytes = []
            return
        }
        guard lengths.count + (isChunked ? 1 : 0) == 1 else { throw Flaw(text: "the body needs exactly one length") }
        if field(StrictReply.toHead) != nil { return }
        if isChunked {
            while true {
                let line = try StrictReply.line(&bytes)
                guard let size = Int(line, radix: 16) else { throw Flaw(text: "no chunk size: \(line)") }
                body += try StrictReply.take(size, &bytes)
                guard try StrictReply.line(&bytes).isEmpty else { throw Flaw(text: "a chunk does not end") }
                if size == 0 { return }
            }
        }
        guard let length = lengths.first.flatMap({ Int($0) }) else { throw Flaw(text: "no length: \(lengths)") }
        body = try StrictReply.take(length, &bytes)
    }

    private static func take(_ count: Int, _ bytes: inout ArraySlice<UInt8>) throws(Flaw) -> [UInt8] {
        guard bytes.count >= count else { throw Flaw(text: "the body is cut short") }
        defer { bytes = bytes.dropFirst(count) }
        return Array(bytes.prefix(count))
    }

    /// Without its CR LF; printable ASCII only.
    private static func line(_ bytes: inout ArraySlice<UInt8>) throws(Flaw) -> String {
        guard let end = bytes.firstIndex(of: 0x0D), end + 1 < bytes.endIndex, bytes[end + 1] == 0x0A else {
            throw Flaw(
                text: "a line does not end: \(String(decoding: bytes.prefix(80), as: UTF8.self).debugDescription)")
        }
        let line = bytes[..<end]
        guard line.allSatisfy({ (0x20...0x7E).contains($0) }) else { throw Flaw(text: "a line is not printable ASCII") }
        bytes = bytes[(end + 2)...]
        return String(decoding: line, as: UTF8.self)
    }

    private static func field(of line: String) throws(Flaw) -> (name: String, value: String) {
        let parts = line.split(separator: ": ", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty,
            parts[0].allSatisfy({ $0.isLetter || $0.isNumber || $0 == "-" })
        else { throw Flaw(text: "no field: \(line.debugDescription)") }
        return (String(parts[0]), String(parts[1]))
    }
}
