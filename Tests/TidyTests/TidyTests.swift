// The style of the sources: sizes, users of C libraries, banned code. Each failure lists its places.
import Foundation
import Testing

@Suite("The style of the sources", .timeLimit(.minutes(1)))
struct TidyTests {
    @Test("No file is longer than 400 lines")
    func fileLength() {
        expectNone(Repository.swift.filter { $0.lines.count > 401 }.map { "\($0.path): \($0.lines.count - 1) lines" })
    }

    @Test("No line is longer than 120 columns")
    func lineLength() {
        expectNone(Repository.swift.flatMap { file in file.places { file.lines[$0].count > 120 } })
    }

    @Test("No function is longer than 70 lines")
    func functionLength() {
        expectNone(
            Repository.swift.flatMap { file in
                FunctionLengths.of(file).filter { $0.length > 70 }.map { "\(file.path):\($0.line): \($0.length) lines" }
            })
    }

    @Test("A file begins with a comment")
    func opening() {
        expectNone(Repository.swift.filter { !($0.lines.first ?? "").hasPrefix("//") }.map(\.path))
    }

    @Test("A C library is called from its own folder only", arguments: CLibrary.all)
    func ownership(library: CLibrary) throws {
        let call = try Pattern(library.pattern)
        let others = Repository.product.filter { file in
            file.path.hasPrefix(library.scope) && !library.owners.contains { file.path.hasPrefix($0) }
        }
        expectNone(others.flatMap { file in file.places(of: call, in: \.code) })
    }

    @Test("Only Persist and the fault laboratory contain SQL")
    func sql() throws {
        let statement = try Pattern(
            #"\b(SELECT .*\bFROM|INSERT INTO|DELETE FROM|UPDATE \w+ SET|CREATE TABLE|COPY \w+ ?\()"#)
        // The fault laboratory reads the tables from outside, as an operator would.
        let owners = ["Sources/Engine/Persist/", "loadtest/Chaos/Lab/"]
        let others = Repository.product.filter { file in !owners.contains { file.path.hasPrefix($0) } }
        expectNone(others.flatMap { file in file.places(of: statement, in: \.strings) })
    }

    @Test("One writer moves provider batches, and one machine decides the moves")
    func oneWriter() {
        func users(of name: String) -> [String] {
            Repository.under("Sources/").filter { file in file.code.contains { $0.contains(name) } }.map(\.path)
        }
        #expect(users(of: "MoveBatch.run(") == ["Sources/Engine/Work/Batches/BatchWriter.swift"])
        #expect(users(of: "MoveBatch.remove(") == ["Sources/Engine/Work/Batches/BatchWriter.swift"])
        #expect(users(of: "ProviderBatches.insert(") == ["Sources/Engine/Work/Jobs/LeasedJob.swift"])
        let machine = "Sources/Engine/Work/Batches/"
        expectNone(users(of: "BatchVerdict(").filter { !$0.hasPrefix(machine + "BatchMachine") })
        #expect(users(of: "BatchMove(") == [machine + "BatchVerdict.swift"])
    }

    @Test("Engine uses Foundation only for a listed reason")
    func foundation() throws {
        let importing = Repository.under("Sources/Engine/").filter { file in
            file.code.contains { $0.hasPrefix("import Foundation") || $0.hasPrefix("public import Foundation") }
        }
        expectNone(importing.map(\.path).filter { foundationAllowed[$0] == nil })
        expectNone(
            foundationAllowed.keys.filter { name in !importing.contains { $0.path == name } }.map { "\($0): no longer" }
        )
    }

    @Test("No code bypasses the loop or the type system", arguments: Banned.all)
    func banned(word: Banned) throws {
        let pattern = try Pattern(word.pattern)
        let files = Repository.swift.filter { file in !word.exceptIn.contains { file.path.hasPrefix($0) } }
        expectNone(files.flatMap { file in file.places(of: pattern, in: \.code) })
    }

    @Test(
        "A disabled check has its reason, on its line or the one before",
        arguments: ["@unchecked Sendable", "nonisolated(unsafe)"])
    func reasons(word: String) {
        expectNone(
            Repository.swift.flatMap { file in
                file.places { line in
                    file.code[line].contains(word) && file.comments[line].isEmpty
                        && (line == 0 || file.comments[line - 1].isEmpty)
                }
            })
    }

    @Test("No code is left for later")
    func leftovers() throws {
        let word = try Pattern(#"\b(TO"# + #"DO|FIX"# + #"ME|XX"# + #"X)\b"#)
        expectNone(Repository.swift.flatMap { file in file.places(of: word, in: \.lines) })
    }

    @Test("No file names a path of the author's machine")
    func workplace() {
        let paths = ["/wo" + "rk/", "../sha" + "red"]
        expectNone(
            Repository.everything.flatMap { file in
                file.lines.indices.filter { line in paths.contains { file.lines[line].contains($0) } }
                    .map { "\(file.path):\($0 + 1)" }
            })
    }
}

/// Fails with the whole list, so that one run shows all violations.
func expectNone(_ places: [String], sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(places.isEmpty, "\(places.sorted().joined(separator: "\n"))", sourceLocation: sourceLocation)
}

/// A C library and the folders that may call it.
struct CLibrary: Sendable, CustomTestStringConvertible {
    let name: String
    let pattern: String
    let owners: [String]
    var scope = ""
    var testDescription: String { name }

    static let all = [
        CLibrary(name: "libuv", pattern: #"\b(uv|UV)_\w+"#, owners: ["Sources/Engine/Loop/"]),
        CLibrary(name: "libpq", pattern: #"\bPQ[a-z]\w+"#, owners: ["Sources/Engine/Persist/"]),
        CLibrary(
            name: "libcurl", pattern: #"\b(curl|CURL)[A-Z]*_\w+"#,
            // Domain parses URLs and dates with curl's pure functions, so that judge and fetcher agree.
            owners: [
                "Sources/Engine/Outbound/", "Sources/Engine/Domain/ParsedURL", "Sources/Engine/Domain/HTTPDate",
            ]),
        CLibrary(name: "llhttp", pattern: #"\b(llhttp|HPE|HTTP_REQUEST)_?\w*\b"#, owners: ["Sources/Server/HTTP/"]),
        CLibrary(
            name: "zlib", pattern: #"\b((in|de)flate(Init2_|End)|z_stream|Z_[A-Z]\w+)\b"#,
            owners: ["Sources/Server/HTTP/Gzip", "Sources/Engine/Parse/Gzip"], scope: "Sources/"),
        CLibrary(
            // Base64 is text, not verification, and both Work and Notify need it.
            name: "OpenSSL", pattern: #"\b(HMAC(_\w+)?|SHA256(_\w+)?|EVP_\w+)\("#,
            owners: ["Sources/Engine/Verify/", "Sources/Engine/Domain/Base64"], scope: "Sources/Engine/"),
    ]
}

/// Banned code, and the places where it is allowed.
struct Banned: Sendable, CustomTestStringConvertible {
    let name: String
    let pattern: String
    var exceptIn: [String] = []
    var testDescription: String { name }

    static let all = [
        // A task without the loop as its preference resumes on another thread.
        Banned(
            name: "bare Task", pattern: #"\bTask(<[^>]*>)?\s*(\([^)]*\)\s*)?\{"#,
            exceptIn: ["Sources/Engine/Loop/", "Tests/LoopTests/"]),
        Banned(name: "Task.detached", pattern: #"\bTask\.detached\b"#, exceptIn: ["Tests/LoopTests/"]),
        Banned(name: "Task.immediate", pattern: #"\bTask\.immediate\b"#, exceptIn: ["Sources/Engine/Loop/"]),
        Banned(name: "Task.sleep", pattern: #"\bTask\.sleep\b"#),
        Banned(name: "DispatchQueue", pattern: #"\bDispatchQueue\b"#),
        // For a string of up to 15 bytes it reads freed memory, in optimised builds only: use `withUTF8`.
        Banned(name: "a string's span", pattern: #"\.utf8(Span)?\.span\b"#),
        // There is one platform. The code calls Glibc by name.
        Banned(name: "canImport", pattern: #"\bcanImport\("#),
        Banned(name: "try!", pattern: #"\btry!"#),
        Banned(name: "as!", pattern: #"\bas!"#),
    ]
}

/// Files of Engine that import Foundation, each with its reason.
let foundationAllowed = [
    "Sources/Engine/Domain/Language.swift": "the English names of languages come from Locale, once at start"
]
