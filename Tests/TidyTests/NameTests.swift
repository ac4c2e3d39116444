// One name, one thing: a type or a file of the tests is found by its name alone, as docs/CONFORMANCE.md cites it.
import Testing

@Suite("Names", .timeLimit(.minutes(1)))
struct NameTests {
    @Test("No type is declared twice among the tests")
    func types() {
        expectNone(
            Self.twice(Repository.under("Tests/").flatMap { file in file.topLevelTypes.map { ($0, file.path) } }))
    }

    @Test("No two Swift files of the tests have one name")
    func files() {
        expectNone(
            Self.twice(
                Repository.under("Tests/").map { (Substring($0.path.split(separator: "/").last ?? ""), $0.path) }))
    }

    private static func twice(_ names: [(name: Substring, path: String)]) -> [String] {
        Dictionary(grouping: names, by: \.name).filter { $0.value.count > 1 }.map { name, places in
            "\(name): \(places.map(\.path).sorted().joined(separator: ", "))"
        }
    }
}

extension SourceFile {
    /// Names of the types that the file declares at its top level, the private ones too.
    var topLevelTypes: [Substring] {
        let kinds: Set<Substring> = ["struct", "class", "enum", "actor", "protocol", "typealias"]
        return code.filter { !$0.hasPrefix(" ") }.compactMap { line in
            let words = line.split { " :<({=".contains($0) }
            guard let kind = words.firstIndex(where: kinds.contains), kind + 1 < words.count else { return nil }
            return words[kind + 1]
        }
    }
}
