// The order of the folders and its violations, found in the text. A value; any thread.

/// Folders of Sources in an order; each may use some of those before it.
struct FolderOrder: Sendable {
    /// For each folder (`Engine/Loop`) the folders that it may use, itself included.
    let allowed: [String: Set<String>]

    /// - Parameters:
    ///   - engine: each folder of Engine with the earlier ones that it may use.
    ///   - server: the folders of Server; each may use all earlier ones, and all of Engine.
    init(engine: KeyValuePairs<String, [String]>, server: [String]) {
        var allowed: [String: Set<String>] = [:]
        for (name, uses) in engine {
            precondition(uses.allSatisfy { allowed["Engine/" + $0] != nil }, "\(name) may use earlier folders only")
            allowed["Engine/" + name] = Set((uses + [name]).map { "Engine/" + $0 })
        }
        var earlier = Set(allowed.keys)
        for name in server {
            earlier.insert("Server/" + name)
            allowed["Server/" + name] = earlier
        }
        self.allowed = allowed
    }

    /// `Engine/Loop` of `Sources/Engine/Loop/Alarm.swift`.
    static func folder(of file: SourceFile) -> String {
        file.path.split(separator: "/").dropFirst().prefix(2).joined(separator: "/")
    }

    /// Each place where a file uses a name that only forbidden folders declare:
    ///
    /// - a type, at each mention;
    /// - `Type.member`, if the member comes from an extension in such a folder;
    /// - `.member`, if every folder that declares a member of this name is such a folder, and at least one of them adds
    ///   it to another folder's type. A name that is also a member of the file itself is not examined: the text does
    ///   not show which one it is.
    func violations(in files: [SourceFile]) -> [String] {
        let known = Known(files)
        return files.flatMap { file -> [String] in
            let name = FolderOrder.folder(of: file)
            guard let permitted = allowed[name] else { return ["\(file.path): its folder has no place in the order"] }
            return file.code.indices.flatMap { line -> [String] in
                Mention.all(in: file.code[line]).compactMap { mention -> String? in
                    guard let owners = known.owners(of: mention, in: file.path),
                        owners.isDisjoint(with: permitted)
                    else { return nil }
                    let what = (mention.base.map { $0 + "." } ?? "") + mention.word
                    return "\(file.path):\(line + 1) uses \(what) of \(owners.sorted().joined(separator: ", "))"
                }
            }
        }
    }
}

/// Declarations of all files, and their folders.
private struct Known {
    /// Folders by type.
    private var types: [String: Set<String>] = [:]
    /// Folders by member's name.
    private var members: [String: Set<String>] = [:]
    /// Folders by `Type.member`.
    private var qualified: [String: Set<String>] = [:]
    /// Names of members that a folder adds to another one's type.
    private var added: Set<String> = []
    /// For each file the names that it declares at any depth: locals, parameters and labels too.
    private var own: [String: Set<String>] = [:]

    init(_ files: [SourceFile]) {
        let all = files.map { (file: $0, folder: FolderOrder.folder(of: $0), declarations: Declarations($0)) }
        for (_, folder, declarations) in all {
            for type in declarations.types where !type.isPrivate && type.owner.isEmpty {
                types[type.name, default: []].insert(folder)
            }
        }
        for (file, folder, declarations) in all {
            for member in declarations.members where !member.isPrivate {
                members[member.name, default: []].insert(folder)
                qualified["\(member.owner).\(member.name)", default: []].insert(folder)
                if member.isInExtension, types[member.owner]?.contains(folder) != true { added.insert(member.name) }
            }
            own[file.path] = Known.names(in: file)
        }
    }

    /// The folders that declare the mentioned name; nil if the text does not show it, or if no folder does.
    func owners(of mention: Mention, in path: String) -> Set<String>? {
        if let folders = types[mention.word], !mention.isMember { return folders }
        guard mention.isMember else { return nil }
        if let base = mention.base, let folders = qualified["\(base).\(mention.word)"] { return folders }
        guard added.contains(mention.word), own[path]?.contains(mention.word) != true else { return nil }
        return members[mention.word]
    }

    /// Words after `let`, `var`, `func` and `case`, and words before a colon.
    private static func names(in file: SourceFile) -> Set<String> {
        var names: Set<String> = []
        for line in file.code {
            let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") }
            for (word, next) in zip(words, words.dropFirst()) where ["let", "var", "func", "case"].contains(word) {
                names.insert(String(next.prefix { $0 != ":" }))
            }
            for word in words where word.hasSuffix(":") { names.insert(String(word.dropLast())) }
        }
        return names
    }
}

/// A word of the code.
private struct Mention {
    let word: String
    /// The word before the dot, if there is one.
    let base: String?
    /// True for a word after a dot.
    let isMember: Bool

    static func all(in line: String) -> [Mention] {
        let text = Array(line.utf8)
        var (mentions, at) = ([Mention](), 0)
        var last: (word: String, end: Int)?
        while at < text.count {
            let end = text[at...].firstIndex { !isPart($0) } ?? text.count
            guard end > at else {
                at += 1
                continue
            }
            let word = String(decoding: text[at..<end], as: UTF8.self)
            let isMember = at > 0 && text[at - 1] == UInt8(ascii: ".")
            let base = last.flatMap { isMember && $0.end == at - 1 ? $0.word : nil }
            mentions.append(Mention(word: word, base: base, isMember: isMember))
            last = (word, end)
            at = end
        }
        return mentions
    }

    private static func isPart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: byte >= 0x80
        }
    }
}
