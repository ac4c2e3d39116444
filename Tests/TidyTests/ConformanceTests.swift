// docs/CONFORMANCE.md is correct: a test cites every rule, every named test exists, and every row of the API document
// is in it.
import Foundation
import Testing

@Suite("Promises and their tests", .timeLimit(.minutes(1)))
struct ConformanceTests {
    private static let rules =
        numbered("C1", 7) + numbered("C2", 7) + ["C3"] + numbered("C3", 5) + numbered("C4", 5) + numbered("C5", 9)
        + numbered("C6", 4) + ["C7", "C8", "C9"]

    private static func numbered(_ chapter: String, _ count: Int) -> [String] { (1...count).map { "\(chapter).\($0)" } }

    /// The files that hold tests, Swift and Python, by name.
    private static let tests: [String: [SourceFile]] = {
        let files = Repository.everything.filter { file in
            file.path.hasPrefix("Tests/") && !file.path.hasPrefix("Tests/TidyTests/")
                && (file.path.hasSuffix(".swift") || file.path.hasSuffix(".py"))
        }
        return Dictionary(grouping: files) { URL(filePath: $0.path).deletingPathExtension().lastPathComponent }
    }()

    private static func text(of path: String) throws -> String {
        try #require(Repository.everything.first { $0.path == path }).lines.joined(separator: "\n")
    }

    /// A row of a table: its cells, and the words in back quotes in the first and the last of them.
    private struct Row {
        let cells: [String]
        var names: [String] { Row.quoted(cells.first ?? "") }
        var tests: [String] { Row.quoted(cells.last ?? "") }

        static func quoted(_ cell: String) -> [String] { cell.matches(of: /`([^`]+)`/).map { String($0.1) } }
    }

    private static func rows(after heading: String, before end: String? = nil) throws -> [Row] {
        var text = try text(of: "docs/CONFORMANCE.md")[...]
        text = text[try #require(text.firstRange(of: heading)).upperBound...]
        if let end { text = text[..<(try #require(text.firstRange(of: end)).lowerBound)] }
        return text.split(separator: "\n").filter { $0.hasPrefix("|") && !$0.hasPrefix("| ---") }.map { line in
            Row(cells: line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) })
        }
    }

    private static func cites(_ rule: String, _ file: SourceFile) throws -> Bool {
        let pattern = try Pattern("\\b\(rule.replacing(".", with: "\\."))(?![.0-9][0-9]|[0-9])")
        return !pattern.lines(of: file.lines).isEmpty
    }

    @Test("Every rule is cited by a test", arguments: rules)
    func cited(rule: String) throws {
        let files = try Self.tests.values.joined().filter { try Self.cites(rule, $0) }
        #expect(!files.isEmpty)
    }

    @Test("The table has every rule once, and the tests that it names cite it")
    func ruleTable() throws {
        let rows = try Self.rows(after: "## The rules", before: "## The API document").dropFirst()
        #expect(rows.map { $0.cells[0] } == Self.rules)
        for row in rows {
            #expect(!row.tests.isEmpty, "\(row.cells[0])")
            for test in row.tests {
                let files = Self.tests[test.split(separator: ".").first.map(String.init) ?? ""] ?? []
                #expect(try files.contains { try Self.cites(row.cells[0], $0) }, "\(row.cells[0]): \(test)")
            }
        }
    }

    @Test("Every named test exists")
    func named() throws {
        let names = try Self.rows(after: "## The rules").flatMap { $0.cells.count > 1 ? $0.tests : [] }
        expectNone(names.filter { !Self.exists($0) })
    }

    private static func exists(_ name: String) -> Bool {
        let parts = name.split(separator: ".").map(String.init)
        guard let files = tests[parts[0]] else { return false }
        guard parts.count == 2 else { return parts.count == 1 }
        return files.flatMap(\.lines).contains {
            $0.contains("func \(parts[1])(") || $0.hasPrefix("def \(parts[1])(")
        }
    }

    @Test("The table has every list entry of the API document")
    func document() throws {
        let document = try Self.text(of: "docs/generation-service-api-v2.md")
        let names = Set(try Self.rows(after: "## The API document").flatMap(\.names))
        func part(_ heading: String, _ end: String) -> Substring {
            document.split(separator: heading).last?.split(separator: end).first ?? ""
        }
        func inside(_ language: String) throws -> String {
            let block = try Regex("(?s)```\(language)\n(.*?)\n```", as: (Substring, Substring).self)
            return document.matches(of: block).map { String($0.1) }.joined(separator: "\n")
        }
        var listed: [String] = []
        listed += document.matches(of: /\*\*(GET|POST)\*\* `([^`?]+)/).map { "\($0.1) \($0.2)" }
        listed += document.matches(of: /export ([A-Z_]+)=/).map { String($0.1) }
        listed += document.matches(of: /(?m)^- `(\w+)` \(optional\)/).map { String($0.1) }
        listed += try inside("json").matches(of: /"(\w+)":/).map { String($0.1) }
        listed += try inside("json").matches(of: /"code": "(\w+)"/).map { String($0.1) }
        listed += try inside("http").matches(of: /(?m)^([A-Za-z-]+):/).map { String($0.1) }
        listed += try inside("sql").matches(of: /(?m)^-- (.+)$/).map { String($0.1) }
        listed += part("### Логи и диагностика", "---").matches(of: /(?m)^# (.+)$/).map { String($0.1) }
        listed += part("### Ограничения системы", "###").matches(of: /(?m)^\| ([^|-]+) \|/).dropFirst()
            .map { String($0.1) }
        listed += part("### HTTP коды ошибок", "###").matches(of: /(?m)^\| \*\*(\d+)/).map { String($0.1) }
        listed += part("### Политика повторов", "###").matches(of: /(?m)^\| (?:\*\*)?(\d\+?)/).map { String($0.1) }
        listed += part("### 📊 Жизненный цикл", "##").matches(of: /(?m)^\| \*\*(\w+)/).map { String($0.1) }
        // The current number, so that a pattern without a match is detected.
        #expect(Set(listed).count == 128)
        expectNone(Set(listed).subtracting(names).sorted())
    }
}
