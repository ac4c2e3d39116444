// The table of models: names, efforts, ceilings, image tokens.
import Testing

@testable import Engine

@Suite("Families of models")
struct ModelFamilyTests {
    @Test(
        "a name belongs to the family that begins it, whatever a router or a fine-tuning adds",
        arguments: [
            ("gpt-4.1-mini", "gpt-4.1-mini"), ("gpt-4.1-mini-2025-04-14", "gpt-4.1-mini"), ("gpt-4.1", "gpt-4.1"),
            ("ft:gpt-4.1-mini-2025-04-14:acme::8a1", "gpt-4.1-mini"), ("openai/gpt-6-luna", "gpt-6"),
            ("openrouter/openai/gpt-5.6-terra:floor", "gpt-5.6"), ("azure/gpt-35-turbo", "gpt-35"),
            ("GPT-4o-mini", "gpt-4o-mini"), ("gpt-4o-2024-08-06", "gpt-4o"), ("gpt-4-turbo", "gpt-4"),
            ("o3-mini-2025-01-31", "o3"), ("o4-mini", "o4-mini"), ("gpt-5-2025-08-07", "gpt-5"),
            ("gpt-5-mini", "gpt-5-mini"), ("gpt-5.1", "gpt-5.1"), ("gpt-5.3-codex", "gpt-5.2"),
            ("gpt-5.4-nano", "gpt-5.4-nano"), ("gpt-5.4-pro", "gpt-5.4"), ("gpt-5.7", "gpt-5.6"),
            ("gpt-6-sol", "gpt-6"), ("gpt-6-astra-2026-09-01", "gpt-6-astra"), ("gpt-6.1-sol", "gpt-6.1-sol"),
            ("gpt-6.1-terra", "gpt-6"), ("gpt-6.2-astra", "gpt-6"), ("gpt-7", "gpt-6"), ("gpt-10.3-x", "gpt-6"),
        ])
    func names(model: String, family: String) { #expect(ModelFamily.of(model)?.name == family) }

    @Test(
        "a name that tells nothing has no family",
        arguments: ["", "vision", "our-gpt-4o", "gpt-41", "gpt-oss-120b", "gpt-4.5x", "o4", "gpt-", "gpt-6x", "claude"])
    func unknown(model: String) { #expect(ModelFamily.of(model) == nil) }

    @Test("the lowest effort that a model takes and that is not below the wish")
    func efforts() {
        func effort(_ model: String, _ wish: ReasoningEffort) -> String {
            ModelFamily.of(model)?.effort(atLeast: wish)?.rawValue ?? "-"
        }
        #expect(effort("gpt-6-luna", .off) == "none")
        #expect(effort("gpt-6.1-sol", .off) == "low")
        #expect(effort("gpt-5-mini", .off) == "minimal")
        #expect(effort("o4-mini", .off) == "low")
        #expect(effort("o4-mini", .max) == "high")
        #expect(effort("gpt-5.6-terra", .minimal) == "low")
        #expect(effort("gpt-4.1-mini", .low) == "-")
    }

    @Test("an operator's effort is also sent to unknown models; the service's own is not")
    func wishes() {
        var configuration = OpenAIConfiguration(apiKey: "k")
        func effort(_ model: String, _ stage: WorkStage = .vision) -> ReasoningEffort? {
            configuration.parameters(for: model, in: stage).effort
        }
        #expect(effort("gpt-5.6-terra") == .low && effort("gpt-6-luna", .translation) == .off)
        #expect(effort("alias") == nil && effort("gpt-4o") == nil)
        configuration.visionEffort = .chosen(.high)
        #expect(effort("gpt-5.6-terra") == .high && effort("alias") == .high && effort("gpt-4o") == nil)
        configuration.visionEffort = .providers
        #expect(effort("gpt-5.6-terra") == nil && effort("alias") == nil)
    }

    @Test("a request asks for no more tokens than the model has")
    func ceilings() {
        let configuration = OpenAIConfiguration(apiKey: "k")
        func ceiling(_ model: String) -> Int {
            configuration.parameters(for: model, in: .translation).outputTokens(texts: 10)
        }
        #expect(ceiling("gpt-4o-mini") == 16_384)
        #expect(ceiling("gpt-4.1-mini") == 32_768)
        #expect(ceiling("gpt-6-luna") == 32_768)
        #expect(ceiling("alias") == 32_768)
        var large = configuration
        large.maxOutputTokens = 1_000_000
        #expect(large.parameters(for: "gpt-6-luna", in: .vision).outputTokens(texts: 1) == 128_000)
    }

    /// Tokens that OpenAI bills for a picture, as published or measured.
    @Test(
        "image tokens by size, family and detail",
        arguments: [
            ("o4-mini", 1920, 1080, ImageDetail.high, 2594), ("o4-mini", 4000, 3000, .high, 2497),
            ("gpt-4.1-mini", 1800, 2400, .high, 2352), ("gpt-4.1-mini", 1024, 1024, .high, 1659),
            ("gpt-5.6-terra", 1920, 1080, .high, 2448), ("gpt-5.6-terra", 2592, 1944, .high, 2941),
            ("gpt-5.6-terra", 4000, 3000, .high, 2941), ("gpt-5.6-terra", 6000, 4000, .high, 2880),
            ("gpt-5.6-terra", 8064, 6048, .high, 2941), ("gpt-5.6-terra", 2592, 1944, .original, 5929),
            ("gpt-6-luna", 2400, 2400, .original, 6750), ("gpt-6-luna", 4000, 3000, .original, 14_100),
            ("gpt-6-luna", 6000, 4000, .original, 28_200), ("gpt-6-luna", 4000, 3000, .low, 230),
            ("gpt-4o", 1024, 1024, .high, 765), ("gpt-4o", 2048, 4096, .high, 1105), ("gpt-4o", 4096, 8192, .low, 85),
            ("gpt-4o-mini", 4000, 3000, .high, 25_501), ("o4-mini", 4000, 3000, .original, 2497),
        ])
    func imageTokens(model: String, width: Int, height: Int, detail: ImageDetail, tokens: Int) throws {
        let images = try #require(ModelFamily.of(model)).images
        #expect(images.count(width: width, height: height, detail) == tokens)
        #expect(images.most(detail) >= tokens)
    }

    @Test(
        "no image of any size counts more than the bound that the queue is planned with",
        arguments: ImageDetail.allCases)
    func most(detail: ImageDetail) {
        for family in ModelFamily.table {
            let most = family.images.most(detail)
            for width in stride(from: 40, to: 6000, by: 487) {
                for height in stride(from: 40, to: 5000, by: 311) {
                    #expect(family.images.count(width: width, height: height, detail) <= most, "\(family.name)")
                }
            }
        }
        #expect(OpenAIConfiguration(apiKey: "k").imageTokens(for: "gpt-5.6-terra") == 3000)
        #expect(OpenAIConfiguration(apiKey: "k").imageTokens(for: "somebody-elses") == 4000)
    }
}
