// The costs in docs/SETTINGS.md, computed again from image tokens, prices and the assumptions that the page states.
import Foundation
import Testing

@testable import Engine

/// A job of 50,000 lots with 10 photographs of 4000 x 3000 pixels each, in batches.
private struct CostModel {
    let name: String
    /// Batch prices per million tokens, US dollars, of November 2026: half of the prices of direct calls.
    let input: Double
    let output: Double
    let efforts: [ReasoningEffort]

    static let vision = [
        CostModel(name: "gpt-5.6-terra", input: 1, output: 6, efforts: [.off, .low, .medium]),
        CostModel(name: "gpt-6-luna", input: 0.05, output: 0.25, efforts: [.off, .low, .medium]),
        CostModel(name: "gpt-6-sol", input: 1, output: 5, efforts: [.low]),
        CostModel(name: "gpt-4.1-mini", input: 0.2, output: 0.8, efforts: []),
        CostModel(name: "gpt-4o-mini", input: 0.075, output: 0.3, efforts: []),
        CostModel(name: "o4-mini", input: 0.55, output: 2.2, efforts: [.low, .medium]),
    ]
    static let translation = [
        CostModel(name: "gpt-4.1-mini", input: 0.2, output: 0.8, efforts: []),
        CostModel(name: "gpt-6-luna", input: 0.05, output: 0.25, efforts: [.off, .low, .medium]),
        CostModel(name: "gpt-5.6-terra", input: 1, output: 6, efforts: [.off]),
    ]

    static let lots = 50_000
    static let photographs = 10
    /// Tokens of a lot: instructions, schema and text; the description; its reasoning.
    static let visionText = 500
    static let description = 250
    /// Instructions, schema and the English text; three translations.
    static let translationText = 700
    static let translations = 900

    /// Reasoning tokens of an answer. They depend on the photographs; these are assumptions.
    static func reasoning(_ effort: ReasoningEffort?) -> Int {
        switch effort {
        case nil, .off?: 0
        case .minimal?: 100
        case .low?: 300
        case .medium?: 1000
        case .high?, .xhigh?, .max?: 3000
        }
    }

    func dollars(input tokens: Int, output more: Int, _ effort: ReasoningEffort?) -> String {
        let all = Double(tokens) * input + Double(more + Self.reasoning(effort)) * output
        let dollars = Int((all * Double(Self.lots) / 1_000_000).rounded())
        let digits = String(dollars)
        return "$" + (digits.count > 3 ? digits.dropLast(3) + "," + digits.suffix(3) : digits[...])
    }

    private var prices: String { "\(Self.price(input)) / \(Self.price(output))" }

    private static func price(_ price: Double) -> String {
        let text = String(format: "%.3f", price)
        return "$" + (text.hasSuffix("0") ? text.dropLast() : text[...])
    }

    private var choices: [ReasoningEffort?] { efforts.isEmpty ? [nil] : efforts }

    func visionRows() throws -> [String] {
        let images = try #require(ModelFamily.of(name)).images
        return choices.map { effort in
            let costs = ImageDetail.allCases.map { detail in
                guard images.detail(detail) == detail else { return "-" }
                let tokens = images.count(width: 4000, height: 3000, detail)
                return dollars(input: Self.photographs * tokens + Self.visionText, output: Self.description, effort)
            }
            return row([name, prices, effort?.rawValue ?? "-"] + costs)
        }
    }

    func translationRows() -> [String] {
        choices.map { effort in
            let cost = dollars(input: Self.translationText, output: Self.translations, effort)
            return row([name, prices, effort?.rawValue ?? "-", cost])
        }
    }

    private func row(_ cells: [String]) -> String {
        "| `\(cells[0])` | " + cells.dropFirst().joined(separator: " | ") + " |"
    }
}

@Suite("What a job costs")
struct CostTableTests {
    private static var page: String {
        get throws {
            let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent()
            return try String(contentsOf: root.appendingPathComponent("docs/SETTINGS.md"), encoding: .utf8)
        }
    }

    @Test("docs/SETTINGS.md has the rows that the arithmetic gives, and no others")
    func table() throws {
        let rows =
            try CostModel.vision.flatMap { try $0.visionRows() }
            + CostModel.translation.flatMap { $0.translationRows() }
        let written = try Self.page.split(separator: "\n").map(String.init).filter { $0.contains("| $") }
        #expect(written == rows, "\(rows.joined(separator: "\n"))")
    }

    @Test("the page states the assumptions of the arithmetic")
    func assumptions() throws {
        let page = try Self.page.replacing("\n", with: " ")
        for number in [
            "50,000 lots", "10 photographs of 4000 x 3000", "\(CostModel.visionText) tokens of text",
            "\(CostModel.description) tokens of description",
            "\(CostModel.reasoning(.low)) tokens of reasoning with `low`", "1,000 with `medium`",
            "\(CostModel.translationText) tokens of input", "\(CostModel.translations) of output",
        ] {
            #expect(page.contains(number), "\(number)")
        }
    }
}
