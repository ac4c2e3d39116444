// The English of comments as a test: the subject of a comment is a noun, not a clause. Each failure lists its places.
import Foundation
import Testing

@Suite("The English of comments", .timeLimit(.minutes(1)))
struct StyleTests {
    /// Folders and files that follow the rule. The list only grows.
    static let plainFolders = [
        "Benchmarks/", "Fuzz/", "Package.swift", "Tests/", "clients/", "loadtest/",
        "Sources/CShims/", "Sources/Engine/Domain/", "Sources/Engine/Loop/", "Sources/Engine/Notify/",
        "Sources/Engine/Observe/", "Sources/Engine/Outbound/", "Sources/Engine/Parse/",
        "Sources/Engine/Persist/Client/", "Sources/Engine/Persist/Queries/",
        "Sources/Engine/Verify/", "Sources/Engine/Work/", "Sources/Server/",
    ]

    @Test("No comment has a clause such as \"What ...\" or \"Whoever ...\" as its subject", arguments: plainFolders)
    func subjects(folder: String) throws {
        let clause = try Pattern(#"(^|\s)//+ +(What|Who|Whoever|Whom|So many|That which)\b"#)
        let files = Repository.everything.filter { $0.path.hasPrefix(folder) }
        #expect(!files.isEmpty, "\(folder) is empty: remove it from the list")
        expectNone(files.flatMap { $0.places(of: clause, in: \.lines) })
    }
}
