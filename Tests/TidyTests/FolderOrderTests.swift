// The order of the folders as a test: a folder mentions only types of folders that the data has passed already.
import Testing

/// For each folder of Engine the folders whose types it may mention, besides its own. Observe serves all. Work does not
/// know Notify: it leaves delivery rows, and Notify finds them.
private let allowed: [String: [String]] = [
    "Observe": ["Domain"],
    "Domain": [],
    "Loop": ["Domain"],
    // Parse hashes what it reads in the same pass, so it knows Verify and not the other way about.
    "Verify": ["Domain"],
    "Parse": ["Domain", "Verify"],
    "Outbound": ["Domain", "Loop"],
    "Persist": ["Domain", "Parse", "Verify", "Loop"],
    "Work": ["Domain", "Parse", "Verify", "Persist", "Loop", "Outbound"],
    "Notify": ["Domain", "Parse", "Verify", "Persist", "Loop", "Outbound"],
]

@Suite("The order of the folders", .timeLimit(.minutes(1)))
struct FolderOrderTests {
    @Test("Every folder of Engine has its place")
    func places() {
        expectNone(Set(Repository.under("Sources/Engine/").map(Self.folder)).subtracting(allowed.keys).sorted())
    }

    @Test("A folder of Engine mentions no type of a folder after it", arguments: allowed.keys.sorted())
    func order(folder name: String) throws {
        let permitted = Set(try #require(allowed[name]) + [name, "Observe"])
        let types = Self.types
        let files = Repository.under("Sources/Engine/\(name)/")
        expectNone(
            files.flatMap { file in
                file.identifiers.compactMap { word in
                    guard let owner = types[word], !permitted.contains(owner) else { return nil }
                    return "\(file.path) mentions \(word) of \(owner)"
                }
            })
    }

    @Test("CShims <- Engine <- Server <- loadtest, never back")
    func modules() throws {
        let imports = try Regex(#"\bimport (\w+ )?(Server|LoadtestKit)\b"#)
        let engine = Repository.under("Sources/Engine/")
        expectNone(engine.flatMap { file in file.places { file.code[$0].contains(imports) } })
        let server = Repository.under("Sources/Server/")
        expectNone(server.flatMap { file in file.places { file.code[$0].contains("import LoadtestKit") } })
    }

    private static func folder(_ file: SourceFile) -> String {
        String(file.path.split(separator: "/")[2])
    }

    /// Top-level types of Engine with their folder. A name that two folders declare tells nothing and is left out.
    private static let types: [Substring: String] = {
        var owners: [Substring: Set<String>] = [:]
        for file in Repository.under("Sources/Engine/") {
            for line in file.code where !line.hasPrefix(" ") {
                if let name = declared(line) { owners[name, default: []].insert(folder(file)) }
            }
        }
        return owners.compactMapValues { $0.count == 1 ? $0.first : nil }
    }()

    private static func declared(_ line: String) -> Substring? {
        let words = line.split { " :<({".contains($0) }
        let kinds: Set<Substring> = ["struct", "class", "enum", "actor", "protocol", "typealias"]
        guard let kind = words.firstIndex(where: kinds.contains), kind + 1 < words.count else { return nil }
        let isHidden = words[..<kind].contains("private") || words[..<kind].contains("fileprivate")
        return isHidden ? nil : words[kind + 1]
    }
}
