// A folder uses only folders that stand before it. SwiftPM targets would let the compiler check this, but each of them
// would be compiled, optimised and linked separately.
import Testing

private let order = FolderOrder(
    engine: [
        "Domain": [],
        "Observe": ["Domain"],
        "Loop": ["Domain", "Observe"],
        "Verify": ["Domain", "Observe"],
        // Parse hashes its input in the same pass, so it uses Verify; Verify does not use Parse.
        "Parse": ["Domain", "Observe", "Verify"],
        "Outbound": ["Domain", "Observe", "Loop"],
        "Persist": ["Domain", "Observe", "Loop", "Verify", "Parse"],
        // Work does not use Notify: it writes delivery rows, and Notify finds them.
        "Work": ["Domain", "Observe", "Loop", "Verify", "Parse", "Outbound", "Persist"],
        "Notify": ["Domain", "Observe", "Loop", "Verify", "Parse", "Outbound", "Persist"],
    ],
    // Config holds the settings of HTTP and Limits as values, and all later folders read it.
    server: ["HTTP", "Limits", "Config", "Ops", "API", "Web", "App"])

@Suite("The order of the folders", .timeLimit(.minutes(1)))
struct FolderOrderTests {
    /// Main is a separate target, which the compiler checks.
    private static let files = Repository.under("Sources/Engine/", "Sources/Server/").filter {
        !$0.path.hasPrefix("Sources/Server/Main/")
    }

    @Test("No folder uses a folder after it")
    func folders() {
        expectNone(order.violations(in: Self.files))
    }

    @Test("Every folder of the order exists")
    func places() {
        expectNone(order.allowed.keys.filter { !Set(Self.files.map(FolderOrder.folder)).contains($0) })
    }

    @Test("CShims <- Engine <- Server <- loadtest, never in reverse")
    func modules() throws {
        let imports = try Pattern(#"\bimport (\w+ )?(Server|LoadtestKit)\b"#)
        let engine = Repository.under("Sources/Engine/")
        expectNone(engine.flatMap { file in file.places(of: imports, in: \.code) })
        let server = Repository.under("Sources/Server/")
        expectNone(server.flatMap { file in file.places { file.code[$0].contains("import LoadtestKit") } })
    }

    @Test("A wrong arrow is found", arguments: Arrow.all)
    func wrongWay(arrow: Arrow) {
        let files = arrow.files.map { SourceFile(path: "Sources/\($0)/File.swift", text: $1) }
        #expect(order.violations(in: files).isEmpty == arrow.isRight)
    }
}

/// Generated sources, one file per folder.
struct Arrow: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let files: [(folder: String, text: String)]
    let isRight: Bool

    private init(_ name: String, right: Bool = false, _ files: (folder: String, text: String)...) {
        testDescription = name
        self.files = files
        isRight = right
    }

    static let all = [
        Arrow(
            "a later folder's type", ("Server/API", "enum Page { let look: Look? }"),
            ("Server/Web", "final class Look {}")),
        Arrow(
            "an earlier folder's type", right: true, ("Server/Web", "enum Page { let look: Look? }"),
            ("Server/API", "final class Look {}")),
        Arrow(
            "a type that is nested in a later folder's", ("Server/HTTP", "let step: Machine.Step?"),
            ("Server/Limits", "struct Machine {\n    enum Step { case go }\n}")),
        Arrow("Server's type in Engine", ("Engine/Work", "let call: Call?"), ("Server/API", "final class Call {}")),
        Arrow(
            "Engine's type in Server", right: true, ("Server/HTTP", "let job: Job?"), ("Engine/Work", "struct Job {}")),
        Arrow(
            "folders of Engine beside each other", ("Engine/Notify", "struct Sender {}"),
            ("Engine/Work", "let sender: Sender?")),
        Arrow(
            "a member that a later folder adds", ("Server/Ops", "func show(_ call: Int) { call.page.show() }"),
            ("Server/Web", "extension Int {\n    var page: Int { 1 }\n}")),
        Arrow(
            "a member that is added to a type of Swift's", ("Engine/Domain", "let name = text.trimmed"),
            ("Engine/Parse", "extension String {\n    var trimmed: String { self }\n}")),
        Arrow(
            "a member that an earlier folder adds", right: true, ("Engine/Parse", "let name = text.trimmed"),
            ("Engine/Domain", "extension String {\n    var trimmed: String { self }\n}")),
        Arrow(
            "a static member whose name others have too", ("Server/Ops", "let error = Failure.unknown"),
            ("Server/Limits", "struct Failure {}\nstruct Client {\n    static let unknown = 1\n}"),
            ("Server/API", "extension Failure {\n    static let unknown = Failure()\n}")),
        Arrow(
            "a member of the file's own with the same name", right: true,
            ("Engine/Domain", "let name = Text.trimmed(text)\nprivate func trimmed(_ text: Int) {}"),
            ("Engine/Parse", "extension String {\n    var trimmed: String { self }\n}")),
        Arrow(
            "words in comments and strings", right: true, ("Server/API", "// See Look.\nlet name = \"Look\""),
            ("Server/Web", "final class Look {}")),
        Arrow("a folder that nobody has placed", ("Server/Extra", "struct Thing {}")),
    ]
}
