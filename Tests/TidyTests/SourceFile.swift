// The repository's files for the tidy rules: Swift text split into code, strings and comments. Any thread.
import Foundation

/// One text file of the repository.
struct SourceFile: Sendable {
    /// Relative to the repository, `Sources/Engine/Loop/Loop.swift`.
    let path: String
    let lines: [String]
    /// `lines` with the contents of strings and comments blanked out; the code inside interpolations stays.
    let code: [String]
    /// The contents of string literals, by line.
    let strings: [String]
    /// The contents of comments, by line.
    let comments: [String]

    init(path: String, text: String) {
        self.path = path
        var lexer = Lexer(text: path.hasSuffix(".swift") ? Array(text.utf8) : [])
        lexer.run()
        let split = { (bytes: [UInt8]) in String(decoding: bytes, as: UTF8.self).components(separatedBy: "\n") }
        lines = text.components(separatedBy: "\n")
        code = split(lexer.code)
        strings = split(lexer.strings)
        comments = split(lexer.comments)
    }

    /// Places for a failure's message, `path:line`.
    func places(_ found: (Int) -> Bool) -> [String] {
        code.indices.filter(found).map { "\(path):\($0 + 1)" }
    }

    /// The same for the lines of `part` in which the pattern occurs.
    func places(of pattern: Pattern, in part: KeyPath<SourceFile, [String]>) -> [String] {
        pattern.lines(of: self[keyPath: part]).map { "\(path):\($0 + 1)" }
    }

    /// Words of the code, without strings and comments.
    var identifiers: Set<Substring> {
        var words: Set<Substring> = []
        for line in code {
            words.formUnion(line.split { !($0.isLetter || $0.isNumber || $0 == "_") })
        }
        return words
    }
}

/// A regular expression for whole folders of sources. Swift's `Regex` takes half a minute for them in a debug build.
struct Pattern: Sendable {
    private let expression: NSRegularExpression

    init(_ pattern: String) throws {
        expression = try NSRegularExpression(pattern: pattern, options: .anchorsMatchLines)
    }

    func occurs(in text: String) -> Bool {
        expression.firstMatch(in: text, range: NSRange(location: 0, length: text.utf16.count)) != nil
    }

    /// Indices of the lines in which it occurs.
    func lines(of lines: [String]) -> [Int] {
        guard occurs(in: lines.joined(separator: "\n")) else { return [] }
        return lines.indices.filter { occurs(in: lines[$0]) }
    }
}

/// Separates code from strings and comments: nested comments, raw and multi-line strings, strings inside
/// interpolations.
private struct Lexer {
    private enum Mode: Equatable {
        case code(openParentheses: Int)
        case string(isMultiline: Bool, hashes: Int)
        case lineComment
        case blockComment
    }

    private let text: [UInt8]
    private var at = 0
    private var modes: [Mode] = [.code(openParentheses: 0)]
    private(set) var code: [UInt8] = []
    private(set) var strings: [UInt8] = []
    private(set) var comments: [UInt8] = []

    /// Bytes that may begin or end a string or a comment; others are passed on unexamined.
    private static let isSpecial: [Bool] = (0..<256).map { "/\"#()\\\n*".utf8.contains(UInt8($0)) }

    init(text: [UInt8]) { self.text = text }

    mutating func run() {
        while at < text.count {
            switch modes[modes.count - 1] {
            case .code(let open): stepInCode(open)
            case .string(let isMultiline, let hashes): stepInString(isMultiline: isMultiline, hashes: hashes)
            case .lineComment: stepInLineComment()
            case .blockComment: stepInBlockComment()
            }
        }
    }

    private mutating func stepInCode(_ open: Int) {
        guard Lexer.isSpecial[Int(text[at])] else { return take(1, as: \.code) }
        if starts("//") { return enter(.lineComment, taking: 2) }
        if starts("/*") { return enter(.blockComment, taking: 2) }
        var hashes = 0
        while at + hashes < text.count, text[at + hashes] == UInt8(ascii: "#") { hashes += 1 }
        if starts("\"\"\"", after: hashes) {
            return enter(.string(isMultiline: true, hashes: hashes), taking: hashes + 3)
        }
        if starts("\"", after: hashes) { return enter(.string(isMultiline: false, hashes: hashes), taking: hashes + 1) }
        // An interpolation ends where its parenthesis closes.
        if modes.count > 1, starts(")"), open == 0 {
            modes.removeLast()
            return take(1, as: \.code)
        }
        if modes.count > 1, starts("(") { modes[modes.count - 1] = .code(openParentheses: open + 1) }
        if modes.count > 1, starts(")") { modes[modes.count - 1] = .code(openParentheses: open - 1) }
        take(1, as: \.code)
    }

    private mutating func stepInString(isMultiline: Bool, hashes: Int) {
        guard Lexer.isSpecial[Int(text[at])] else { return take(1, as: \.strings) }
        let pounds = String(repeating: "#", count: hashes)
        let end = (isMultiline ? "\"\"\"" : "\"") + pounds
        if starts("\\" + pounds + "(") { return enter(.code(openParentheses: 0), taking: 2 + hashes) }
        if starts("\\" + pounds) { return take(min(2 + hashes, text.count - at), as: \.strings) }
        if starts(end) || (!isMultiline && starts("\n")) {
            modes.removeLast()
            return take(starts("\n") ? 1 : end.utf8.count, as: \.code)
        }
        take(1, as: \.strings)
    }

    private mutating func stepInLineComment() {
        if starts("\n") { modes.removeLast() }
        take(1, as: \.comments)
    }

    private mutating func stepInBlockComment() {
        if starts("/*") { return enter(.blockComment, taking: 2) }
        if starts("*/") { modes.removeLast() }
        take(1, as: \.comments)
    }

    private func starts(_ word: String, after offset: Int = 0) -> Bool {
        text[min(at + offset, text.count)...].starts(with: word.utf8)
    }

    private mutating func enter(_ mode: Mode, taking count: Int) {
        modes.append(mode)
        take(count, as: mode == .lineComment || mode == .blockComment ? \.comments : \.code)
    }

    /// A line break goes to all three, so that line numbers agree; any other byte is blank in the other two.
    private mutating func take(_ count: Int, as kind: WritableKeyPath<Lexer, [UInt8]>) {
        for byte in text[at..<at + count] {
            if byte == UInt8(ascii: "\n") {
                code.append(byte)
                strings.append(byte)
                comments.append(byte)
            } else {
                self[keyPath: kind].append(byte)
                if kind == \.strings { code.append(UInt8(ascii: " ")) }
            }
        }
        at += count
    }
}

/// All files of the clone, read once.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Every text file of any kind, except the output of builds and runs.
    static let everything: [SourceFile] = {
        var files: [SourceFile] = []
        var folders = [""]
        while let folder = folders.popLast() {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path + "/" + folder)) ?? []
            for name in names.sorted() where !isMade(name) {
                let path = folder.isEmpty ? name : folder + "/" + name
                var isFolder: ObjCBool = false
                guard FileManager.default.fileExists(atPath: root.path + "/" + path, isDirectory: &isFolder) else {
                    continue
                }
                if isFolder.boolValue {
                    folders.append(path)
                } else if let text = try? String(contentsOfFile: root.path + "/" + path, encoding: .utf8) {
                    files.append(SourceFile(path: path, text: text))
                }
            }
        }
        return files
    }()

    /// A worktree's `.git` is a file.
    private static func isMade(_ name: String) -> Bool {
        name == ".git" || name == ".dev" || name == "logs" || name.hasPrefix(".build")
    }

    static let swift = everything.filter { $0.path.hasSuffix(".swift") && $0.path != "Package.swift" }
    /// Shipped and measuring code, without the tests.
    static let product = swift.filter { $0.path.hasPrefix("Sources/") || $0.path.hasPrefix("loadtest/") }

    static func under(_ folders: String...) -> [SourceFile] {
        swift.filter { file in folders.contains { file.path.hasPrefix($0) } }
    }
}
