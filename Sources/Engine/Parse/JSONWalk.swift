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
}
