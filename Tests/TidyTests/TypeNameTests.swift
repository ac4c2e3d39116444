// One name, one type: a name of the package means the same thing wherever it is read.
import Testing

@Suite("Names of types", .timeLimit(.minutes(1)))
struct TypeNameTests {
    @Test("No type name is declared twice in the package")
    func once() {
        expectNone(TypeNames.clashes(in: Repository.under("Sources/", "loadtest/", "Fuzz/", "Benchmarks/")))
    }

    @Test(
        "A name that is declared twice is found",
        arguments: [
            ("struct Lease {}", "final class Lease {}", true),
            ("struct Lease {}", "private enum Lease {}", true),
            ("struct Lease {}", "struct Pool {\n    struct Lease {}\n}", true),
            ("extension Pool {\n    struct Lease {}\n}", "public struct Lease: Sendable {\n}", true),
            // Named through their owners, `Pool.State` and `Job.State`.
            ("struct Pool {\n    enum State { case idle }\n}", "struct Job {\n    enum State { case idle }\n}", false),
            ("struct Lease {}", "struct Pool {\n    let lease: Lease\n}", false),
            ("struct Lease {}", "// struct Lease {}\nlet text = \"struct Lease {}\"", false),
        ])
    func tables(first: String, second: String, clash: Bool) {
        let files = [SourceFile(path: "A.swift", text: first), SourceFile(path: "B.swift", text: second)]
        #expect(TypeNames.clashes(in: files).isEmpty == !clash)
    }
}

enum TypeNames {
    /// Names of file-level types that another file declares too, at file level or within a type. Nested types may
    /// share a name (`State`): they are read with their owner's. A file that declares a name under `#if` and again
    /// under `#else` declares it once.
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
