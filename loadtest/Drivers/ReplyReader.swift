// A minimal reader of HTTP/1.x replies for load drivers: status, length, the end. Pure; one thread at a time.
import Glibc

/// Reads the replies of one connection in turn. It trusts the server, other than the service's own parser.
struct ReplyReader {
    struct Malformed: Error, Equatable { let reason: String }

    private enum State {
        case head
        case sized(left: Int)
        case chunkSize
        /// The chunk's bytes and its line break.
        case chunk(left: Int)
        case trailer
        case untilEnd
        case done
    }

    /// Bytes of an incomplete head, or of an incomplete chunk-size line.
    static let pendingMax = 64 * 1024

    private var state = State.head
    private var pending: [UInt8] = []
    private(set) var status = 0
    /// True if the connection may be used again after this reply.
    private(set) var keepsAlive = true

    /// Begins the next reply.
    mutating func reset() {
        state = .head
        pending.removeAll(keepingCapacity: true)
        status = 0
    }

    /// True once the reply is complete. `body` gets the status and the body's bytes as they arrive.
    mutating func read(
        _ bytes: UnsafeRawBufferPointer, _ body: (Int, UnsafeRawBufferPointer) -> Void
    ) throws(Malformed) -> Bool {
        var rest = bytes
        while rest.count > 0 {
            switch state {
            case .head: rest = try readHead(rest)
            case .sized(let left):
                let count = min(left, rest.count)
                body(status, UnsafeRawBufferPointer(rebasing: rest[..<count]))
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                state = left == count ? .done : .sized(left: left - count)
            case .chunkSize: rest = try readChunkSize(rest)
            case .chunk(let left): rest = readChunk(rest, left, body)
            case .trailer: rest = try readTrailer(rest)
            case .untilEnd:
                body(status, rest)
                return false
            case .done: throw Malformed(reason: "bytes after the end of a reply")
            }
        }
        return isDone
    }

    /// Handles the end of the connection: true if it is the end of the reply.
    mutating func end() -> Bool {
        guard case .untilEnd = state else { return isDone }
        state = .done
        return true
    }

    private var isDone: Bool {
        guard case .done = state else { return false }
        return true
    }

    // MARK: The head

    private mutating func readHead(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> UnsafeRawBufferPointer {
        if pending.isEmpty, let end = ReplyReader.endOfHead(bytes) {
            try take(head: UnsafeRawBufferPointer(rebasing: bytes[..<end]))
            return UnsafeRawBufferPointer(rebasing: bytes[end...])
        }
        let before = pending.count
        try keep(bytes)
        let end = pending.withUnsafeBytes { ReplyReader.endOfHead($0) }
        guard let end else { return UnsafeRawBufferPointer(rebasing: bytes[bytes.count...]) }
        let head = Array(pending[..<end])
        pending.removeAll(keepingCapacity: true)
        let failure = head.withUnsafeBytes { all -> Malformed? in
            do throws(Malformed) { try take(head: all) } catch { return error }
            return nil
        }
        if let failure { throw failure }
        return UnsafeRawBufferPointer(rebasing: bytes[(end - before)...])
    }

    private mutating func keep(_ bytes: UnsafeRawBufferPointer) throws(Malformed) {
        guard pending.count + bytes.count <= ReplyReader.pendingMax + bytes.count,
            pending.count < ReplyReader.pendingMax
        else { throw Malformed(reason: "a reply's head is too long") }
        pending.append(contentsOf: bytes)
    }

    private mutating func take(head: UnsafeRawBufferPointer) throws(Malformed) {
        guard head.count >= 13, let digits = ReplyReader.status(head) else {
            throw Malformed(reason: "not an HTTP reply")
        }
        status = digits
        keepsAlive = head[7] == UInt8(ascii: "1")
        var length: Int?
        var isChunked = false
        ReplyReader.lines(of: head) { line in
            switch line[0] | 0x20 {
            case UInt8(ascii: "c"):
                if let value = ReplyReader.value(of: "content-length:", in: line) {
                    length = ReplyReader.number(value)
                } else if let value = ReplyReader.value(of: "connection:", in: line) {
                    keepsAlive = value.first.map { $0 | 0x20 } != UInt8(ascii: "c")
                }
            case UInt8(ascii: "t"):
                if ReplyReader.value(of: "transfer-encoding:", in: line) != nil { isChunked = true }
            default: break
            }
        }
        if (100..<200).contains(status) { return }  // an interim reply: the head of the final one follows
        if status == 204 || status == 304 || length == 0 {
            state = .done
        } else if isChunked {
            state = .chunkSize
        } else if let length {
            state = .sized(left: length)
        } else {
            keepsAlive = false
            state = .untilEnd
        }
    }

    private static func status(_ head: UnsafeRawBufferPointer) -> Int? {
        guard head[0] == UInt8(ascii: "H"), head[4] == UInt8(ascii: "/"), head[8] == 0x20 else { return nil }
        var number = 0
        for index in 9..<12 {
            guard (0x30...0x39).contains(head[index]) else { return nil }
            number = number * 10 + Int(head[index] - 0x30)
        }
        return number
    }

    /// Calls `body` with each non-empty line after the first, without its line break.
    private static func lines(of head: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
        guard var at = endOfLine(head, from: 0) else { return }
        while let end = endOfLine(head, from: at) {
            let last = end - (end - at > 1 && head[end - 2] == 0x0D ? 2 : 1)
            if last > at { body(UnsafeRawBufferPointer(rebasing: head[at..<last])) }
            at = end
        }
    }

    private static func value(of name: StaticString, in line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let length = name.utf8CodeUnitCount
        guard line.count >= length, let base = line.baseAddress,
            strncasecmp(
                base.assumingMemoryBound(to: CChar.self),
                UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self), length) == 0
        else { return nil }
        var at = length
        while at < line.count, line[at] == 0x20 { at += 1 }
        return UnsafeRawBufferPointer(rebasing: line[at...])
    }

    private static func number(_ text: UnsafeRawBufferPointer) -> Int? {
        var number = 0
        for byte in text {
            guard (0x30...0x39).contains(byte), number < 1 << 50 else { return nil }
            number = number * 10 + Int(byte - 0x30)
        }
        return text.isEmpty ? nil : number
    }

    /// The end of the head: the position after an empty line.
    private static func endOfHead(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var at = 0
        while let end = endOfLine(bytes, from: at) {
            if end + 1 < bytes.count, bytes[end] == 0x0D, bytes[end + 1] == 0x0A { return end + 2 }
            at = end
        }
        return nil
    }

    /// The position after the next line feed.
    private static func endOfLine(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard start < bytes.count, let base = bytes.baseAddress,
            let hit = memchr(base + start, 0x0A, bytes.count - start)
        else { return nil }
        return UnsafeRawPointer(hit) - base + 1
    }

    // MARK: Chunks

    private mutating func readChunkSize(
        _ bytes: UnsafeRawBufferPointer
    ) throws(Malformed) -> UnsafeRawBufferPointer {
        guard let (line, rest) = try takeLine(bytes) else {
            return UnsafeRawBufferPointer(rebasing: bytes[bytes.count...])
        }
        let digits = line.prefix { $0 != UInt8(ascii: ";") && $0 != 0x20 }
        guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 16), size >= 0 else {
            throw Malformed(reason: "a chunk without a size")
        }
        state = size == 0 ? .trailer : .chunk(left: size + 2)
        return rest
    }

    private mutating func readChunk(
        _ bytes: UnsafeRawBufferPointer, _ left: Int, _ body: (Int, UnsafeRawBufferPointer) -> Void
    ) -> UnsafeRawBufferPointer {
        let count = min(left, bytes.count)
        let data = min(max(0, left - 2), count)
        if data > 0 { body(status, UnsafeRawBufferPointer(rebasing: bytes[..<data])) }
        state = left == count ? .chunkSize : .chunk(left: left - count)
        return UnsafeRawBufferPointer(rebasing: bytes[count...])
    }

    private mutating func readTrailer(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> UnsafeRawBufferPointer {
        guard let (line, rest) = try takeLine(bytes) else {
            return UnsafeRawBufferPointer(rebasing: bytes[bytes.count...])
        }
        if line.isEmpty { state = .done }
        return rest
    }

    /// The next line without its break, and the rest; nil if the line is incomplete.
    private mutating func takeLine(
        _ bytes: UnsafeRawBufferPointer
    ) throws(Malformed) -> (line: [UInt8], rest: UnsafeRawBufferPointer)? {
        guard let end = ReplyReader.endOfLine(bytes, from: 0) else {
            try keep(bytes)
            return nil
        }
        var line = pending + bytes[..<(end - 1)]
        pending.removeAll(keepingCapacity: true)
        if line.last == 0x0D { line.removeLast() }
        return (line, UnsafeRawBufferPointer(rebasing: bytes[end...]))
    }
}
