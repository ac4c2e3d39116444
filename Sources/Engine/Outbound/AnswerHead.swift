// The header lines of an answer, unparsed. Pure; any thread. A caller reads about three fields of an image's head, so
// the other fields never become strings.

struct AnswerHead: Sendable {
    /// Each line includes its line end.
    private var lines: [UInt8] = []

    /// Keeps a header field; drops any other line.
    mutating func add(_ line: UnsafeRawBufferPointer) {
        if line.last == UInt8(ascii: "\n"), line.contains(UInt8(ascii: ":")) { lines.append(contentsOf: line) }
    }

    mutating func clear() { lines.removeAll(keepingCapacity: true) }

    /// Returns the value of the first field with this name, in any case.
    func first(_ name: String) -> String? {
        lines.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let line = rest[..<end]
                rest = rest[(end + 1)...]
                guard line.count > name.utf8.count, line[line.startIndex + name.utf8.count] == UInt8(ascii: ":"),
                    ASCII.matches(line.prefix(name.utf8.count), name.utf8)
                else { continue }
                return AnswerHead.text(line.dropFirst(name.utf8.count + 1))
            }
            return nil
        }
    }

    /// All fields in the order of arrival.
    var fields: [(name: String, value: String)] {
        lines.withUnsafeBytes { bytes in
            bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
                guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
                return (AnswerHead.text(line[..<colon]), AnswerHead.text(line[(colon + 1)...]))
            }
        }
    }

    private static func text(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        var bytes = bytes.drop { $0 <= 0x20 }
        while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
