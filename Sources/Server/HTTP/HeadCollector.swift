// Gathers a request head's bytes up to its empty line, and refuses what no sound client sends. Pure; any thread.
// llhttp then parses the whole head at once: ranges stay valid and nothing has to be glued together.
import Engine

/// The bytes of one request head as they come in.
package struct HeadCollector {
    /// All bytes of the head, empty lines before it left out.
    package private(set) var bytes: [UInt8] = []
    private let limit: Int
    private var taken = 0
    private var lines = 0
    private var lineLength = 0
    private var previous: UInt8 = 0

    /// `limit`: the largest head in bytes, its last empty line included.
    package init(limit: Int) { self.limit = limit }

    package enum Progress: Equatable {
        case needsMore
        case complete
    }

    /// Takes bytes up to the end of the head; `consumed` is how many of `input` that were.
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
        // A CR of an empty line before the head, cut off from its LF.
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
            guard previous == ASCII.cr else { throw .malformed("a line ends without a carriage return") }
            if lineLength == 0 { return lines == 0 ? .blankLineBefore : .end }
            lines += 1
            lineLength = 0
            return .inside
        }
        if previous == ASCII.cr { throw .malformed("a carriage return stands alone") }
        if byte == ASCII.cr { return .inside }
        if byte < 0x20 && byte != ASCII.tab || byte == 0x7F { throw .malformed("a control character is in the head") }
        if lineLength == 0, byte == ASCII.space || byte == ASCII.tab {
            throw .malformed("a line of the head begins with white space")
        }
        lineLength += 1
        return .inside
    }
}
