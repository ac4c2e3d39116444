// The settings, the account's name, and the choice from a list of models.
import Testing

@testable import Engine

@Suite("OpenAI settings and models", .timeLimit(.minutes(1)))
struct OpenAIConfigurationTests {
    @Test("C8: the base URL includes /v1; one slash at its end is accepted")
    func baseURL() {
        #expect(OpenAIConfiguration(apiKey: "k").baseURL == "https://api.openai.com/v1")
        #expect(OpenAIConfiguration(baseURL: "", apiKey: "k").baseURL == "https://api.openai.com/v1")
        #expect(OpenAIConfiguration(baseURL: "http://h:1/v1/", apiKey: "k").baseURL == "http://h:1/v1")
        #expect(OpenAIConfiguration(baseURL: "http://h:1/x/v1", apiKey: "k").baseURL == "http://h:1/x/v1")
    }

    @Test("the account is a base URL and a fingerprint: other keys and other servers are other accounts")
    func account() {
        let one = OpenAIConfiguration(apiKey: "abc")
        #expect(one.account == "https://api.openai.com/v1#ba7816bf8f01cfea")
        #expect(one.account != OpenAIConfiguration(apiKey: "abd").account)
        #expect(one.account != OpenAIConfiguration(baseURL: "http://h/v1", apiKey: "abc").account)
    }

    @Test("no printed form of the settings contains the key")
    func secret() {
        let configuration = OpenAIConfiguration(apiKey: "sk-very-secret")
        var dumped = ""
        dump(["settings": configuration], to: &dumped)
        dump(configuration.choice(for: .vision), to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), "\([configuration])", dumped] {
            #expect(!text.contains("very-secret"))
        }
    }

    @Test("C9: metrics distinguish the configured models, each once, up to the number of places")
    func metered() {
        var configuration = OpenAIConfiguration(apiKey: "k")
        configuration.visionModels = ["a", "b", "a"]
        configuration.translationModels = ["b", "c"]
        #expect(configuration.meteredModels == ["a", "b", "c"])
        configuration.translationModels = (0..<40).map { "m\($0)" }
        #expect(configuration.meteredModels.count == ProviderMetrics.modelsMax - 1)
    }

    @Test("C8: every mistake is found, and no message contains a secret")
    func problems() {
        var wrong = OpenAIConfiguration(baseURL: "ftp://user@host", apiKey: "sk bad\n")
        wrong.visionModels = []
        wrong.translationModels = ["ok", "not ok"]
        wrong.maxOutputTokens = 15
        wrong.temperature = 2.1
        (wrong.inputFileDays, wrong.outputFileDays) = (1, 31)
        let problems = wrong.problems()
        #expect(problems.count == 8)
        #expect(!problems.joined().contains("sk bad"))
        #expect(OpenAIConfiguration(apiKey: "sk-x").problems().isEmpty)
    }

    @Test("C8: o1-mini, which has no vision, causes a warning")
    func warnings() {
        var configuration = OpenAIConfiguration(apiKey: "k")
        #expect(configuration.warnings().isEmpty)
        configuration.visionModels = ["o1-mini"]
        #expect(configuration.warnings().count == 1)
    }

    @Test("C8: the next model is used if one is removed, and the first again after the last")
    func models() {
        var choice = OpenAIConfiguration(apiKey: "k").choice(for: .vision)
        let first = choice.current
        #expect(first.name == "o4-mini")
        var again = choice.learn(from: OpenAIError(.modelNotFound), asked: first)
        #expect(again)
        let second = choice.current
        #expect(second.name == "gpt-5.6-terra")
        // A late request to the first model does not skip the second.
        again = choice.learn(from: OpenAIError(.modelNotFound), asked: first)
        #expect(again)
        #expect(choice.current == second)
        again = choice.learn(from: OpenAIError(.modelNotFound), asked: second)
        #expect(!again)
        #expect(choice.current == first)
        again = choice.learn(from: OpenAIError(.rateLimited), asked: first)
        #expect(!again)
        #expect(choice.current == first)
    }

    @Test("room doubles up to the ceiling, and the ceiling bounds all texts of a request together")
    func room() {
        func room(_ ceiling: Int) -> ModelParameters {
            ModelParameters(name: "m", temperature: nil, maxOutputTokens: 4000, outputTokensMax: ceiling)
        }
        #expect(room(32_768).roomier.maxOutputTokens == 8000)
        #expect(room(5000).roomier.maxOutputTokens == 5000)
        #expect(room(100).maxOutputTokens == 100)
        #expect(room(16_384).outputTokens(texts: 4) == 16_000)
        #expect(room(16_384).outputTokens(texts: 7) == 16_384)
        #expect(ModelParameters(name: "m", temperature: nil, maxOutputTokens: 1).maxOutputTokens == 16)
    }
}
