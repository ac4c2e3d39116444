// Steps over tokens of a text that a scanner has accepted. Pure. Thread: any.

enum JSONWalk {
    /// Returns the index after the closing quote of the string that opens at `start`.
    static func endOfString(_ text: Span<UInt8>, from start: Int) -> Int {
        var index = start + 1
        while true {
            index = JSONText.endOfPlain(text, from: index)
            switch text[index] {
            case JSONText.quote: return index + 1
            case JSONText.backslash: index += 2
            default: index += 1
            }
        }
    }

    /// Returns the index after the number or literal that begins at `start`.
    static func endOfNumber(_ text: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < text.count {
            switch text[index] {
            case JSONText.comma, JSONText.closeArray, JSONText.closeObject, 0x20, 0x0A, 0x0D, 0x09: return index
            default: index += 1
            }
        }
        return index
    }

    /// Returns the index after the value that begins at `start`, in a text without white space between tokens.
    static func endOfValue(_ text: Span<UInt8>, from start: Int) -> Int {
        var index = start
        var depth = 0
        repeat {
            switch text[index] {
            case JSONText.quote: index = endOfString(text, from: index)
            case JSONText.openObject, JSONText.openArray:
                depth += 1
                index += 1
            case JSONText.closeObject, JSONText.closeArray:
                depth -= 1
                index += 1
            case JSONText.comma, JSONText.colon: index += 1
            default: index = endOfNumber(text, from: index)
            }
        } while depth > 0
        return index
    }
}
