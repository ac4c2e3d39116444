// The types of a source file and their members, found by reading its text. A value; any thread.

/// Declarations of one file. Locals of function bodies do not count.
struct Declarations: Sendable {
    struct TypeName: Sendable {
        let name: String
        /// The enclosing type; empty at file level.
        let owner: String
        let isPrivate: Bool
        let line: Int
    }

    struct Member: Sendable {
        let name: String
        /// The type that has it.
        let owner: String
        let isPrivate: Bool
        /// Declared in an extension, perhaps of a type from another file.
        let isInExtension: Bool
    }

    private(set) var types: [TypeName] = []
    private(set) var members: [Member] = []

    private enum Scope {
        case type(String, isPrivate: Bool, isExtension: Bool)
        case other
    }

    private var scopes: [Scope] = []
    /// A type or an extension before its opening brace.
    private var pending: Scope?

    init(_ file: SourceFile) {
        for (number, line) in file.code.enumerated() { read(line, number + 1) }
    }

    /// The types that enclose this place, outermost first; nil inside a function's body.
    private var owners: [Owner]? {
        var all: [Owner] = []
        for scope in scopes {
            guard case .type(let name, let isPrivate, let isExtension) = scope else { return nil }
            all.append((name, isPrivate, isExtension))
        }
        return all
    }

    private typealias Owner = (name: String, isPrivate: Bool, isExtension: Bool)

    private mutating func read(_ line: String, _ number: Int) {
        if let owners { declare(line, owners, number) }
        for letter in line where letter == "{" || letter == "}" {
            if letter == "{" {
                scopes.append(pending ?? .other)
                pending = nil
            } else if !scopes.isEmpty {
                scopes.removeLast()
            }
        }
    }

    private mutating func declare(_ line: String, _ owners: [Owner], _ number: Int) {
        let words = line.replacing("private(set)", with: "").split {
            !($0.isLetter || $0.isNumber || "_@.".contains($0))
        }
        guard let place = words.firstIndex(where: { !Declarations.modifiers.contains($0) && !$0.hasPrefix("@") }),
            place + 1 < words.count
        else { return }
        let isHidden = words[..<place].contains { $0 == "private" || $0 == "fileprivate" }
        let isPrivate = isHidden || owners.contains(where: \.isPrivate)
        let (kind, name) = (words[place], String(words[place + 1]))
        let owner = owners.last?.name ?? ""
        func member(_ name: String) {
            members.append(
                Member(
                    name: name, owner: owner, isPrivate: isPrivate, isInExtension: owners.last?.isExtension ?? false))
        }
        switch kind {
        case "extension":
            pending = .type(String(name.split(separator: ".").last ?? ""), isPrivate: isHidden, isExtension: true)
        case "struct", "class", "enum", "actor", "protocol", "typealias":
            types.append(TypeName(name: name, owner: owner, isPrivate: isPrivate, line: number))
            if kind != "typealias" { pending = .type(name, isPrivate: isPrivate, isExtension: false) }
        case "func", "var", "let": member(name)
        case "case": for name in Declarations.cases(line) { member(name) }
        default: break
        }
    }

    /// `case a, b(Int)`: a and b.
    private static func cases(_ line: String) -> [String] {
        var depth = 0
        let plain = line.filter { letter in
            if letter == "(" { depth += 1 }
            if letter == ")" { depth -= 1 }
            return depth == 0 && letter != ")"
        }
        let list = plain.firstRange(of: "case ").map { plain[$0.upperBound...] } ?? ""
        return list.split(separator: ",").compactMap { part in
            part.split { !($0.isLetter || $0.isNumber || $0 == "_") }.first.map(String.init)
        }
    }

    private static let modifiers: Set<Substring> = [
        "public", "private", "fileprivate", "internal", "package", "open", "static", "final", "override", "mutating",
        "nonmutating", "consuming", "borrowing", "nonisolated", "indirect", "lazy", "weak", "unowned", "unsafe", "set",
        "convenience", "required",
    ]
}
