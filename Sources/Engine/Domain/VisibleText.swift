// Decides whether escaped HTML text has visible characters. Pure. Thread: any.

enum VisibleText {
    /// Names of character references that show nothing; at most they take space.
    private static let blankNames: Set<String> = [
        "nbsp", "ensp", "emsp", "thinsp", "hairsp", "numsp", "puncsp", "shy", "lrm", "rlm", "zwj", "zwnj",
        "ZeroWidthSpace", "NoBreak", "Tab", "NewLine",
    ]

    /// True if any character is visible; spaces, direction marks, joiners and similar characters are not.
    static func isIn(_ text: String) -> Bool {
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "&", let end = rest.firstIndex(of: ";") else {
                if shows(scalar) { return true }
                continue
            }
            if shows(reference: rest[..<end]) { return true }
            rest = rest[end...].dropFirst()
        }
        return false
    }

    private static func shows(_ scalar: Unicode.Scalar) -> Bool {
        let properties = scalar.properties
        if properties.isWhitespace || properties.isDefaultIgnorableCodePoint { return false }
        return properties.generalCategory != .control && properties.generalCategory != .format
    }

    /// Judges the text between `&` and `;`.
    private static func shows(reference: Substring.UnicodeScalarView) -> Bool {
        guard reference.first == "#" else { return !blankNames.contains(String(reference)) }
        let digits = reference.dropFirst()
        let isHex = digits.first == "x" || digits.first == "X"
        let number = UInt32(String(isHex ? digits.dropFirst() : digits), radix: isHex ? 16 : 10)
        return number.flatMap { Unicode.Scalar($0) }.map(shows) ?? false
    }
}
