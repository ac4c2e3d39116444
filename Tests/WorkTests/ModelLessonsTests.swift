// Refusals of parameters, in the words of several servers, and what follows from them.
import Testing

@testable import Engine

private func error(_ status: Int, _ body: String) -> OpenAIError {
    OpenAIError(
        status: status, headers: { _ in nil }, body: Array(body.utf8), key: "", now: Timestamp(seconds: 0))
}

private func body(_ message: String, param: String? = nil, code: String? = nil) -> String {
    JSONValue.object([
        ("error", ["message": .string(message), "type": "t", "param": JSONValue(param), "code": JSONValue(code)])
    ]).text
}

struct RefusalRow: Sendable, CustomTestStringConvertible {
    let body: String
    var status = 400
    let refusal: ParameterRefusal?
    var testDescription: String { body }
}

private let effortMessage = """
    Unsupported value: 'none' is not supported with the 'gpt-6.1-sol' model. Supported values are: 'low', 'medium', \
    'high', 'xhigh', and 'max'.
    """

private let rows: [RefusalRow] = [
    RefusalRow(
        body: body("Unsupported parameter: 'temperature'", param: "temperature", code: "unsupported_parameter"),
        refusal: .temperature),
    RefusalRow(
        body: body("'temperature' does not support 0.1", param: "temperature", code: "unsupported_value"),
        refusal: .temperature),
    RefusalRow(body: body("Validation: Unsupported parameter(s): temperature", code: "400"), refusal: .temperature),
    RefusalRow(body: body("too hot", param: "temperature", code: "decimal_above_max_value"), refusal: nil),
    RefusalRow(body: body("m", param: "top_p", code: "unsupported_parameter"), refusal: nil),
    RefusalRow(
        body: body("Unknown parameter", param: "prompt_cache_options", code: "unknown_parameter"),
        refusal: .cacheOptions),
    RefusalRow(
        body: body("not supported on this model", param: "prompt_cache_options.mode", code: "invalid_parameter"),
        refusal: .cacheOptions),
    RefusalRow(
        body: body("Extra inputs are not permitted, field: 'prompt_cache_options', value: {}"), status: 422,
        refusal: .cacheOptions),
    RefusalRow(body: body("Unknown parameter: 'prompt_cache_options'"), status: 500, refusal: nil),
    RefusalRow(
        body: body(effortMessage, param: "reasoning.effort", code: "unsupported_value"),
        refusal: .effort(taken: [.low, .medium, .high, .xhigh, .max])),
    RefusalRow(
        body: body("'reasoning_effort' does not support 'none'. Supported values are: 'medium'.", param: "***.effort"),
        refusal: .effort(taken: [.medium])),
    RefusalRow(
        body: body("not supported with this model", param: "reasoning.effort", code: "unsupported_parameter"),
        refusal: .reasoning),
    RefusalRow(body: body("Unrecognized request argument supplied: reasoning"), refusal: .reasoning),
    RefusalRow(
        body: body(
            "max_output_tokens is too large: 28000. This model supports at most 16384 completion tokens, whereas you "
                + "provided 28000.", param: "max_output_tokens", code: "invalid_value"),
        refusal: .outputTokens(most: 16_384)),
    RefusalRow(
        body: body(
            "Invalid 'max_output_tokens': integer above maximum value. Expected a value <= 16384, but got 28000.",
            param: "max_output_tokens", code: "integer_above_max_value"),
        refusal: .outputTokens(most: 16_384)),
    RefusalRow(
        body: body("'max_tokens' is too large: 32000. This model's maximum context length is 16384 tokens"),
        refusal: .outputTokens(most: nil)),
    RefusalRow(
        body: body("integer below minimum", param: "max_output_tokens", code: "integer_below_min_value"), refusal: nil),
    RefusalRow(
        body: body("Invalid value: 'original'", param: "input[0].content[1].detail", code: "invalid_value"),
        refusal: .imageDetail),
    RefusalRow(body: body("The image has too little detail for a temperature of reasoning"), refusal: nil),
    RefusalRow(
        body: body("Error while downloading https://a.example/temperature/detail.jpg", code: "invalid_value"),
        refusal: nil),
]

@Suite("Refused parameters")
struct ModelLessonsTests {
    @Test("a refusal names its parameter in one of many ways", arguments: rows)
    func refusals(_ row: RefusalRow) { #expect(error(row.status, row.body).refusal == row.refusal) }

    /// The effort, room and extras of the next request after each refusal.
    private static func learn(_ model: String, _ bodies: [String]) -> [String] {
        var configuration = OpenAIConfiguration(apiKey: "k")
        configuration.translationModels = [model]
        configuration.imageDetail = .original
        var choice = configuration.choice(for: .translation)
        return bodies.map { body in
            let again = choice.learn(from: error(400, body), asked: choice.current)
            let now = choice.current
            let temperature = now.temperature.map { "\($0)" } ?? "-"
            return "\(again) \(now.effort?.rawValue ?? "-") \(now.outputTokensMax) \(temperature)"
                + (now.cachesExplicitly ? " explicit" : "") + " \(now.imageDetail.rawValue)"
        }
    }

    @Test("each refusal changes the next request, and none twice")
    func lessons() {
        let effort = body(effortMessage, param: "reasoning.effort", code: "unsupported_value")
        let cache = body("m", param: "prompt_cache_options", code: "unknown_parameter")
        let detail = body("m", param: "input[0].content[1].detail", code: "invalid_value")
        #expect(
            Self.learn("gpt-6-luna", [effort, cache, cache, detail, detail]) == [
                "true low 32768 - explicit original", "true low 32768 - original", "false low 32768 - original",
                "true low 32768 - high", "false low 32768 - high",
            ])
        let temperature = body("m", param: "temperature", code: "unsupported_value")
        #expect(
            Self.learn("alias", [temperature, temperature]) == [
                "true - 32768 - original", "false - 32768 - original",
            ])
    }

    @Test("an effort without a list of others rises to low, then nothing is sent")
    func effortsWithoutList() {
        let refusal = body("Invalid value", param: "reasoning.effort", code: "invalid_value")
        let efforts = Self.learn("gpt-6-luna", Array(repeating: refusal, count: 4)).map { $0.split(separator: " ")[1] }
        #expect(efforts == ["minimal", "low", "-", "-"])
        let all = body("m", param: "reasoning", code: "unsupported_parameter")
        #expect(Self.learn("gpt-6-luna", [all])[0].hasPrefix("true - "))
    }

    @Test("a ceiling without a number is halved until it fits")
    func ceilings() {
        let refusal = body("max_tokens is too large: 32000")
        let rooms = Self.learn("alias", Array(repeating: refusal, count: 14)).map { $0.split(separator: " ") }
        #expect(rooms.prefix(4).map { $0[2] } == ["16384", "8192", "4096", "2048"])
        // A request never asks for less than the API takes.
        #expect(rooms.last?[0] == "false" && rooms.last?[2] == "16")
        let named = body("This model supports at most 5,000 tokens: max_tokens is too large")
        #expect(Self.learn("alias", [named])[0].contains(" 5000 "))
    }

    @Test("a lesson is about one model; the next model of the list begins without it")
    func perModel() {
        var configuration = OpenAIConfiguration(apiKey: "k")
        configuration.translationModels = ["one", "two"]
        var choice = configuration.choice(for: .translation)
        let refusal = error(400, body("m", param: "temperature", code: "unsupported_value"))
        var again = choice.learn(from: refusal, asked: choice.current)
        #expect(again && choice.current.temperature == nil)
        again = choice.learn(from: OpenAIError(.modelNotFound), asked: choice.current)
        #expect(again && choice.current.name == "two" && choice.current.temperature == 0.1)
        #expect(choice.parameters(of: "one").temperature == nil)
    }
}
