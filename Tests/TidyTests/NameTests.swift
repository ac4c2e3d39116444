// One name, one thing: a type means the same everywhere, and docs/CONFORMANCE.md can cite a test file by name.
import Testing

@Suite("Names", .timeLimit(.minutes(1)))
struct NameTests {
    @Test("No type is declared twice in the package")
    func productTypes() {
        expectNone(TypeNames.clashes(in: Repository.under("Sources/", "loadtest/", "Fuzz/", "Benchmarks/")))
    }

    @Test("No type is declared twice among the tests")
    func testTypes() {
        expectNone(
            Self.twice(
                Repository.under("Tests/").flatMap { file in
                    Declarations(file).types.filter(\.owner.isEmpty).map { ($0.name, file.path) }
                }))
    }

    @Test("No two Swift files of the tests have the same name")
    func files() {
        expectNone(
            Self.twice(
                Repository.under("Tests/").map { (String($0.path.split(separator: "/").last ?? ""), $0.path) }))
    }

    private static func twice(_ names: [(name: String, path: String)]) -> [String] {
        Dictionary(grouping: names, by: \.name).filter { $0.value.count > 1 }.map { name, places in
            "\(name): \(places.map(\.path).sorted().joined(separator: ", "))"
        }
    }

    @Test(
        "A duplicate type is found",
        arguments: [
            ("struct Lease {}", "final class Lease {}", true),
            ("struct Lease {}", "private enum Lease {}", true),
            ("struct Lease {}", "struct Pool {\n    struct Lease {}\n}", true),
            ("extension Pool {\n    struct Lease {}\n}", "public struct Lease: Sendable {\n}", true),
            // Read with their owners' names: `Pool.State` and `Job.State`.
            ("struct Pool {\n    enum State { case idle }\n}", "struct Job {\n    enum State { case idle }\n}", false),
            ("struct Lease {}", "struct Pool {\n    let lease: Lease\n}", false),
            ("struct Lease {}", "// struct Lease {}\nlet text = \"struct Lease {}\"", false),
        ])
    func clashes(first: String, second: String, isClash: Bool) {
        let files = [SourceFile(path: "A.swift", text: first), SourceFile(path: "B.swift", text: second)]
        #expect(TypeNames.clashes(in: files).isEmpty == !isClash)
    }
}

enum TypeNames {
    /// Names of file-level types that another file declares too, at file level or nested in a type. Nested types may
    /// share a name (`State`), because they are read with their owner's name. A type that a file declares under `#if`
    /// and again under `#else` counts once.
    static func clashes(in files: [SourceFile]) -> [String] {
        var places: [String: [(path: String, line: Int, isNested: Bool)]] = [:]
        for file in files {
            for type in Declarations(file).types {
                places[type.name, default: []].append((file.path, type.line, !type.owner.isEmpty))
            }
        }
        return places.flatMap { name, all -> [String] in
            guard all.contains(where: { !$0.isNested }), Set(all.map(\.path)).count > 1 else { return [] }
            return all.map { "\(name): \($0.path):\($0.line)" }
        }
    }
}
