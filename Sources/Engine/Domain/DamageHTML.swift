// Makes a model's text safe to show as HTML (C2.4). Pure; never fails; idempotent. Thread: any.

/// Keeps `p ul ol li strong em br` without attributes, balanced; drops other tags; escapes any other markup
/// character; puts loose text into paragraphs.
public enum DamageHTML {
    public static func clean(_ text: String) -> String {
        var tokens = HTMLTokens(text)
        var writer = HTMLWriter()
        while let token = tokens.next() {
            switch token {
            case .text(let bytes): writer.text(bytes)
            case .open(let name): writer.open(name)
            case .close(let name): writer.close(name)
            }
        }
        return writer.finish()
    }

    /// Returns true if the cleaned text has no visible character, only tags and blanks.
    public static func isBlank(_ text: String) -> Bool {
        var tokens = HTMLTokens(text)
        while let token = tokens.next() {
            if case .text(let bytes) = token, VisibleText.isIn(bytes) { return false }
        }
        return true
    }
}

/// The allowed tags and how they nest.
enum HTMLTag: String {
    case p, ul, ol, li, strong, em, br

    var isList: Bool { self == .ul || self == .ol }
    /// True for a tag that belongs inside a paragraph or list item.
    var isInline: Bool { self == .strong || self == .em || self == .br }
}

/// Writes balanced HTML: closes each element that cannot hold the next token and opens each element that it needs.
private struct HTMLWriter {
    /// Deepest nesting; deeper tags are dropped, because no description needs them.
    private static let deepest = 16

    private var out = ""
    private var stack: [HTMLTag] = []
    /// True if the writer itself opened the current paragraph, around loose text.
    private var paragraphIsOurs = false

    mutating func text(_ text: String) {
        var rest = text[...]
        // A blank line separates paragraphs of loose text.
        while stack.isEmpty || paragraphIsOurs, let (before, after) = HTMLWriter.splitAtBlankLine(rest) {
            run(before)
            if paragraphIsOurs { closeAll() }
            rest = after
        }
        run(rest)
    }

    private mutating func run(_ text: Substring) {
        if text.allSatisfy(\.isBlank) {
            if stack.last.map({ !$0.isList }) ?? false { out += text }
            return
        }
        let isFirst = stack.isEmpty
        makeRoomForInline()
        out += isFirst ? text.drop(while: \.isBlank) : text
    }

    mutating func open(_ tag: HTMLTag) {
        switch tag {
        case .br:
            makeRoomForInline()
            out += "<br>"
        case .strong, .em:
            if !stack.contains(tag) {
                makeRoomForInline()
                push(tag)
            }
        case .p:
            guard hasRoom else { return }
            closeInline()
            if stack.last == .p { pop() }
            if stack.last.map(\.isList) ?? false { push(.li) }
            push(.p)
        case .ul, .ol:
            guard hasRoom else { return }
            closeInline()
            if stack.last == .p { pop() }
            if stack.last.map(\.isList) ?? false { push(.li) }
            push(tag)
        case .li:
            openItem()
        }
    }

    mutating func close(_ tag: HTMLTag) {
        guard stack.contains(tag) else { return }
        // A closing tag must not reach out of an inner list, so an outer item stays open while an inner list is open.
        if !tag.isList, let list = stack.lastIndex(where: \.isList), let own = stack.lastIndex(of: tag), own < list {
            return
        }
        while let top = stack.last {
            pop()
            if top == tag { break }
        }
    }

    mutating func finish() -> String {
        closeAll()
        return out
    }

    /// Also counts the item that a list needs before it can hold anything.
    private var hasRoom: Bool { stack.count + (stack.last.map(\.isList) ?? false ? 1 : 0) < HTMLWriter.deepest }

    private mutating func openItem() {
        if let list = stack.lastIndex(where: \.isList) {
            while stack.count > list + 1 { pop() }
        } else {
            closeAll()
            push(.ul)
        }
        push(.li)
    }

    /// Opens a paragraph or an item if none is open, because text and inline tags must stand in one.
    private mutating func makeRoomForInline() {
        if stack.isEmpty {
            push(.p)
            paragraphIsOurs = true
        } else if stack.last.map(\.isList) ?? false {
            push(.li)
        }
    }

    private mutating func closeInline() {
        while let top = stack.last, top.isInline { pop() }
    }

    private mutating func closeAll() {
        while !stack.isEmpty { pop() }
    }

    private mutating func push(_ tag: HTMLTag) {
        stack.append(tag)
        out += "<\(tag.rawValue)>"
    }

    private mutating func pop() {
        let tag = stack.removeLast()
        if tag == .p, paragraphIsOurs { while out.last?.isBlank ?? false { out.removeLast() } }
        out += "</\(tag.rawValue)>"
        if stack.isEmpty { paragraphIsOurs = false }
    }

    /// Splits into the text before and the text after the first blank line.
    private static func splitAtBlankLine(_ text: Substring) -> (Substring, Substring)? {
        var lineEnd: Substring.Index?
        for index in text.indices {
            let character = text[index]
            if character.isNewline {
                if let lineEnd { return (text[..<lineEnd], text[text.index(after: index)...]) }
                lineEnd = index
            } else if !character.isBlank {
                lineEnd = nil
            }
        }
        return nil
    }
}

extension Character {
    /// True for white space only. `isWhitespace` is also true for a space with a combining mark.
    fileprivate var isBlank: Bool { isWhitespace && unicodeScalars.allSatisfy(\.properties.isWhitespace) }
}
