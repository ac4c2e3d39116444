// multipart/form-data as a stream (RFC 7578): a pure machine, one part at a time, no part kept. Thread: any.

/// The reader's events.
enum MultipartEvent: Equatable {
    case part(name: String, filename: String?)
    case data([UInt8])
    case partEnded
    case ended
}

/// Feed it the body in pieces of any size.
struct MultipartReader {
    struct Malformed: Error, Equatable { let reason: String }

    private enum State {
        case preamble, afterBoundary, headers, data, epilogue
    }

    private let delimiter: [UInt8]
    private var state = State.preamble
    private var pending: [UInt8]
    private static let headerBytesMax = 8192

    init(boundary: String) {
        delimiter = Array(("\r\n--" + boundary).utf8)
        // The first delimiter stands at the start of the body, without a line break before it.
        pending = Array("\r\n".utf8)
    }

    /// The boundary named by a Content-Type, if it is multipart/form-data.
    static func boundary(contentType: String?) -> String? {
        guard let contentType else { return nil }
        let parts = contentType.split(separator: ";").map { String($0).trimmed }
        guard parts.first?.lowercased() == "multipart/form-data" else { return nil }
        for part in parts.dropFirst() where part.lowercased().hasPrefix("boundary=") {
            let value = part.dropFirst("boundary=".count)
            let bare = value.hasPrefix("\"") && value.hasSuffix("\"") ? value.dropFirst().dropLast() : value
            return (1...70).contains(bare.utf8.count) ? String(bare) : nil
        }
        return nil
    }

    mutating func feed(_ bytes: [UInt8], _ emit: (MultipartEvent) throws -> Void) throws {
        pending.append(contentsOf: bytes)
        while try step(emit) {}
    }

    /// Call it at the end of the body.
    func finish() throws(Malformed) {
        guard case .epilogue = state else { throw Malformed(reason: "the body ends before its last boundary") }
    }

    /// One step; false when more bytes are needed.
    private mutating func step(_ emit: (MultipartEvent) throws -> Void) throws -> Bool {
        switch state {
        case .preamble: return try skipPreamble()
        case .afterBoundary: return try readBoundaryEnd(emit)
        case .headers: return try readHeaders(emit)
        case .data: return try readData(emit)
        case .epilogue:
            pending.removeAll()
            return false
        }
    }

    private mutating func skipPreamble() throws(Malformed) -> Bool {
        guard let at = find(delimiter) else {
            guard pending.count <= MultipartReader.headerBytesMax else { throw Malformed(reason: "no boundary found") }
            return false
        }
        pending.removeFirst(at + delimiter.count)
        state = .afterBoundary
        return true
    }

    private mutating func readBoundaryEnd(_ emit: (MultipartEvent) throws -> Void) throws -> Bool {
        guard pending.count >= 2 else { return false }
        let mark = pending.prefix(2)
        pending.removeFirst(2)
        if mark.elementsEqual("--".utf8) {
            state = .epilogue
            try emit(.ended)
        } else if mark.elementsEqual("\r\n".utf8) {
            state = .headers
        } else {
            throw Malformed(reason: "a boundary is followed by other bytes")
        }
        return true
    }

    private mutating func readHeaders(_ emit: (MultipartEvent) throws -> Void) throws -> Bool {
        guard let at = find(Array("\r\n\r\n".utf8)) else {
            guard pending.count <= MultipartReader.headerBytesMax else {
                throw Malformed(reason: "a part's head is too long")
            }
            return false
        }
        let lines = String(decoding: pending[..<at], as: UTF8.self).split(separator: "\r\n")
        pending.removeFirst(at + 4)
        guard let line = lines.first(where: { $0.lowercased().hasPrefix("content-disposition:") }) else {
            throw Malformed(reason: "a part has no Content-Disposition")
        }
        guard let name = MultipartReader.parameter("name", of: line) else {
            throw Malformed(reason: "a part has no name")
        }
        try emit(.part(name: name, filename: MultipartReader.parameter("filename", of: line)))
        state = .data
        return true
    }

    private mutating func readData(_ emit: (MultipartEvent) throws -> Void) throws -> Bool {
        if let at = find(delimiter) {
            if at > 0 { try emit(.data(Array(pending[..<at]))) }
            pending.removeFirst(at + delimiter.count)
            try emit(.partEnded)
            state = .afterBoundary
            return true
        }
        // The tail may be the start of a delimiter.
        let sure = pending.count - delimiter.count
        if sure > 0 {
            try emit(.data(Array(pending[..<sure])))
            pending.removeFirst(sure)
        }
        return false
    }

    private func find(_ needle: [UInt8]) -> Int? { ByteSearch.first(needle, in: pending) }

    private static func parameter(_ name: String, of line: some StringProtocol) -> String? {
        for piece in line.split(separator: ";").dropFirst() {
            let text = String(piece).trimmed
            guard text.lowercased().hasPrefix(name + "=\"") else { continue }
            return String(text.dropFirst(name.count + 2).prefix { $0 != "\"" })
        }
        return nil
    }
}

extension String {
    /// Without spaces and tabs at both ends.
    var trimmed: String {
        var text = self[...]
        while text.first == " " || text.first == "\t" { text = text.dropFirst() }
        while text.last == " " || text.last == "\t" { text = text.dropLast() }
        return String(text)
    }
}
