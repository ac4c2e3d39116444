// Cuts text into allowed tags and escaped text, tolerating errors as browsers do. Pure. Thread: any.

/// A sequence of allowed tags and escaped text.
struct HTMLTokens {
    enum Token {
        case text(String)
        case open(HTMLTag)
        case close(HTMLTag)
    }

    private let bytes: [UInt8]
    private var index = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    mutating func next() -> Token? {
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "<"), let token = markup() {
                if let token = token.value { return token }
                continue
            }
            return .text(text())
        }
        return nil
    }

    /// Reads and escapes text up to the next `<`.
    private mutating func text() -> String {
        var out: [UInt8] = []
        repeat {
            switch bytes[index] {
            case UInt8(ascii: "<"): out += "&lt;".utf8
            case UInt8(ascii: ">"): out += "&gt;".utf8
            case UInt8(ascii: "&"): out += isEntity(at: index) ? "&".utf8 : "&amp;".utf8
            case 0x09, 0x0A, 0x0D: out.append(bytes[index])
            case 0..<0x20, 0x7F: break  // control characters have no use in text, and PostgreSQL refuses NUL
            default: out.append(bytes[index])
            }
            index += 1
        } while index < bytes.count && bytes[index] != UInt8(ascii: "<")
        return String(decoding: out, as: UTF8.self)
    }

    /// True if a character reference such as `&amp;` or `&#39;` starts here; references are kept.
    private func isEntity(at start: Int) -> Bool {
        var end = start + 1
        let isNumber = end < bytes.count && bytes[end] == UInt8(ascii: "#")
        if isNumber { end += 1 }
        let isHex = isNumber && end < bytes.count && bytes[end] | 0x20 == UInt8(ascii: "x")
        if isHex { end += 1 }
        let first = end
        while end < bytes.count, end - first < 32 {
            let byte = bytes[end]
            let fits = isNumber ? (isHex ? Hex.value(byte) != nil : ASCII.isDigit(byte)) : ASCII.isLetterOrDigit(byte)
            guard fits else { break }
            end += 1
        }
        guard end > first, isNumber || ASCII.isLetter(bytes[first]) else { return false }
        return end < bytes.count && bytes[end] == UInt8(ascii: ";")
    }
}

// MARK: - Markup

extension HTMLTokens {
    /// Result of one piece of markup; nil if it leaves nothing.
    private struct Markup {
        var value: Token?
    }

    /// Reads the markup at `index`. Returns nil, without moving, if this `<` is an ordinary character.
    private mutating func markup() -> Markup? {
        guard index + 1 < bytes.count else { return nil }
        let second = bytes[index + 1]
        if second == UInt8(ascii: "!") || second == UInt8(ascii: "?") { return declaration() }
        let isClosing = second == UInt8(ascii: "/")
        let start = index + (isClosing ? 2 : 1)
        guard start < bytes.count, ASCII.isLetter(bytes[start]), let end = endOfTag(from: start) else { return nil }
        var nameEnd = start
        while ASCII.isLetterOrDigit(bytes[nameEnd]) { nameEnd += 1 }
        let name = String(decoding: bytes[start..<nameEnd], as: UTF8.self).lowercased()
        index = end + 1
        if let tag = HTMLTag(rawValue: name), isWhole(nameEnd) {
            return Markup(value: isClosing ? (tag == .br ? nil : .close(tag)) : .open(tag))
        }
        if !isClosing, HTMLTokens.silent.contains(name) { skipContent(of: name) }
        return Markup(value: HTMLTokens.joining.contains(name) ? nil : .text(" "))
    }

    /// True if the tag name ends here; `p-custom` is a different name than `p`.
    private func isWhole(_ nameEnd: Int) -> Bool {
        switch bytes[nameEnd] {
        case 0x20, 0x09, 0x0A, 0x0C, 0x0D, UInt8(ascii: "/"), UInt8(ascii: ">"): true
        default: false
        }
    }

    /// Elements whose content is not text for readers; it is dropped too.
    private static let silent: Set<String> = ["script", "style", "template", "iframe", "object", "noscript", "title"]
    /// Elements whose tags do not separate words; other dropped tags leave a space.
    private static let joining: Set<String> = [
        "a", "abbr", "b", "code", "del", "font", "i", "ins", "mark", "s", "small", "span", "sub", "sup", "u",
    ]

    /// Longer tags count as text. No real tag is longer, and searching further
    /// from each `<` would take quadratic time.
    private static let tagBytes = 4096

    /// Finds the tag's `>` after quoted attribute values; with an unclosed quote, the first `>`.
    private func endOfTag(from start: Int) -> Int? {
        var quote: UInt8?
        var first: Int?
        for position in start..<min(bytes.count, start + HTMLTokens.tagBytes) {
            let byte = bytes[position]
            if byte == UInt8(ascii: ">") {
                if quote == nil { return position }
                if first == nil { first = position }
            }
            if byte == quote {
                quote = nil
            } else if quote == nil, byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            }
        }
        return first
    }

    /// Drops a comment, doctype or processing instruction. An unclosed comment
    /// drops the rest of the text, as in browsers.
    private mutating func declaration() -> Markup {
        let isComment = bytes[index...].starts(with: "<!--".utf8)
        let from = index + (isComment ? 4 : 2)
        index = find(isComment ? "-->" : ">", from: from).map { $0 + (isComment ? 3 : 1) } ?? bytes.count
        return Markup(value: nil)
    }

    private mutating func skipContent(of name: String) {
        index = find("</" + name, from: index) ?? bytes.count
    }

    /// Finds an ASCII text, given in lower case, without regard to case.
    private func find(_ text: String, from start: Int) -> Int? {
        let wanted = Array(text.utf8)
        guard start + wanted.count <= bytes.count else { return nil }
        return (start...bytes.count - wanted.count).first { at in
            wanted.indices.allSatisfy { offset in
                ASCII.lower(bytes[at + offset]) == wanted[offset]
            }
        }
    }
}
