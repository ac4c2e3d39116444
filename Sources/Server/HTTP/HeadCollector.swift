// Collects a request head up to its empty line, and refuses malformed lines. Pure; any thread. llhttp then parses the
// complete head at once, so ranges stay valid and no parts need to be joined.
import Engine

/// The bytes of one request head.
package struct HeadCollector {
    /// All bytes of the head, without the empty lines before it.
    package private(set) var bytes: [UInt8] = []
    private let limit: Int
    private var taken = 0
    private var lines = 0
    private var lineLength = 0
    private var previous: UInt8 = 0

    /// - Parameter limit: the largest head in bytes, including its final empty line.
    package init(limit: Int) { self.limit = limit }

    package enum Progress: Equatable {
        case needsMore
        case complete
    }

    /// Takes bytes up to the end of the head.
    /// - Parameter consumed: the number of bytes taken from `input`.
    package mutating func feed(_ input: Span<UInt8>, consumed: inout Int) throws(RequestProblem) -> Progress {
        consumed = 0
        var start = 0
        for index in input.indices {
            consumed = index + 1
            taken += 1
            if taken > limit { throw .tooLarge }
            switch try accept(input[index]) {
            case .inside: continue
            case .blankLineBefore: start = index + 1
            case .end:
                bytes.append(copying: input.extracting(start...index))
                return .complete
            }
        }
        bytes.append(copying: input.extracting(start..<input.count))
        // Drop the CR of an empty line before the head whose LF has not arrived.
        if lines == 0, lineLength == 0 { bytes.removeAll(keepingCapacity: true) }
        return .needsMore
    }

    private enum Position {
        case inside
        case blankLineBefore
        case end
    }

    private mutating func accept(_ byte: UInt8) throws(RequestProblem) -> Position {
        defer { previous = byte }
        if byte == ASCII.lf {
            guard previous == ASCII.cr else { throw .malformed("a line of the head does not end with CR LF") }
            if lineLength == 0 { return lines == 0 ? .blankLineBefore : .end }
            lines += 1
            lineLength = 0
            return .inside
        }
        if previous == ASCII.cr { throw .malformed("a CR in the head is not followed by LF") }
        if byte == ASCII.cr { return .inside }
        if byte < 0x20 && byte != ASCII.tab || byte == 0x7F { throw .malformed("the head has a control character") }
        if lineLength == 0, byte == ASCII.space || byte == ASCII.tab {
            throw .malformed("a line of the head begins with white space")
        }
        lineLength += 1
        return .inside
    }
}
