// Checks that a JSON text in pieces is complete: every bracket closed, nothing after the end. It is separate from the
// service's own reader, because it checks the service's output. Pure; one thread at a time.

struct JSONCompleteness {
    private static let depthMax = 256

    private var open: [UInt8] = []
    private var hasBegun = false
    private var isBroken = false
    private var inString = false
    private var isEscaped = false
    /// The beginning of the last string, and its length.
    private var word: [UInt8] = []
    private var wordLength = 0
    private let counted: [UInt8]
    /// Members with the counted name, at any depth.
    private(set) var count = 0

    init(counting name: String) { counted = Array(name.utf8) }

    /// True if a whole value has arrived, with only white space after it.
    var isComplete: Bool { hasBegun && open.isEmpty && !inString && !isBroken }

    mutating func read(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes where !isBroken { take(byte) }
    }

    private mutating func take(_ byte: UInt8) {
        if inString { return takeInString(byte) }
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            isBroken = open.count == JSONCompleteness.depthMax || (hasBegun && open.isEmpty)
            hasBegun = true
            open.append(byte)
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            // In ASCII each closing bracket is its opening one plus 2.
            isBroken = open.popLast().map { $0 + 2 != byte } ?? true
        case UInt8(ascii: "\""):
            isBroken = open.isEmpty
            inString = true
            word.removeAll(keepingCapacity: true)
            wordLength = 0
        case UInt8(ascii: ":"):
            if wordLength == counted.count, word == counted { count += 1 }
        case 0x20, 0x0A, 0x0D, 0x09: break
        default: isBroken = open.isEmpty
        }
    }

    private mutating func takeInString(_ byte: UInt8) {
        if isEscaped {
            isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
            isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
            inString = false
            return
        }
        if wordLength < counted.count { word.append(byte) }
        wordLength += 1
    }
}
