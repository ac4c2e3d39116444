// The documents as a test: width of lines, rules that code cites. Tests/ServiceTests/docs_test.py checks links.
import Foundation
import Testing

@Suite("The documents", .timeLimit(.minutes(1)))
struct DocumentTests {
    /// Normative, and not ours to format.
    private static let foreign = "docs/generation-service-api-v2.md"
    private static let pages = Repository.everything.filter { $0.path.hasSuffix(".md") && $0.path != foreign }

    /// The lines of a page outside code blocks, with their indices.
    private static func prose(_ page: SourceFile) -> [(index: Int, line: String)] {
        var isCode = false
        return page.lines.enumerated().compactMap { index, line in
            guard !line.trimmingCharacters(in: .whitespaces).hasPrefix("```") else {
                isCode.toggle()
                return nil
            }
            return isCode ? nil : (index, line)
        }
    }

    @Test("No line of Markdown is longer than 120 columns, except in tables and code blocks")
    func lineLength() {
        expectNone(
            Self.pages.flatMap { page in
                Self.prose(page).filter { $0.line.count > 120 && !$0.line.hasPrefix("|") }
                    .map { "\(page.path):\($0.index + 1)" }
            })
    }

    @Test("Every rule that the repository cites is in docs/CONTRACT.md")
    func rules() throws {
        let contract = try #require(Repository.everything.first { $0.path == "docs/CONTRACT.md" })
        var known: Set<String> = []
        var chapter = ""
        for line in contract.lines {
            if let heading = line.firstMatch(of: #/^## (C\d+)\./#) {
                chapter = String(heading.1)
                known.insert(chapter)
            } else if let rule = line.firstMatch(of: #/^(\d+)\. /#) {
                known.insert("\(chapter).\(rule.1)")
            }
        }
        #expect(known.count > 40)
        let citation = /\bC[1-9](?:\.[1-9])?\b/
        let mayCite = try Pattern(#"\bC[1-9]"#)
        let code = Repository.swift.filter { $0.path.hasPrefix("Sources/") || $0.path.hasPrefix("Tests/") }
        expectNone(
            code.flatMap { file in
                (0..<file.comments.count).filter {
                    mayCite.occurs(in: file.comments[$0]) || mayCite.occurs(in: file.strings[$0])
                }.flatMap { index in
                    (file.comments[index] + " " + file.strings[index]).matches(of: citation).map { String($0.0) }
                        .filter { !known.contains($0) }.map { "\(file.path):\(index + 1): \($0)" }
                }
            })
    }
}
