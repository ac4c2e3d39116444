// Bodies that POST /v1/responses refuses, as a table. Thread: any.
import Engine
import Testing

@testable import LoadtestKit

/// A body that must be refused, with its error.
struct Refusal: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let body: JSONValue
    let code: String?
    let param: String?
    var status = 400

    init(_ name: String, _ body: JSONValue, _ code: String?, _ param: String?, status: Int = 400) {
        testDescription = name
        self.body = body
        self.code = code
        self.param = param
        self.status = status
    }

    private static let good = Sample.vision(["https://a/1.jpg"])
    private static let plain = Sample.translation("<p>x</p>", ["de"])

    private static func part(_ part: JSONValue) -> JSONValue {
        Sample.with(good, "input", [["role": "user", "content": [part]]])
    }

    private static func picture(_ url: String) -> JSONValue {
        part(["type": "input_image", "image_url": .string(url), "detail": "low"])
    }

    private static func format(_ format: JSONValue) -> JSONValue { Sample.with(good, "text", ["format": format]) }

    private static let picturePath = "input[0].content[0].image_url"
    private static let png = Base64.text(SamplePictures.bytes(.png, name: "x"))

    static let fields = [
        Refusal("an unknown field", Sample.with(good, "foo", 1), "unknown_parameter", "foo"),
        Refusal("messages", Sample.with(good, "messages", []), "unsupported_parameter", "messages"),
        Refusal("max_tokens", Sample.with(good, "max_tokens", 100), "unsupported_parameter", "max_tokens"),
        Refusal(
            "response_format", Sample.with(good, "response_format", .object([])), "unsupported_parameter",
            "response_format"),
        Refusal("no model", Sample.with(good, "model", nil), "missing_required_parameter", "model"),
        Refusal("no input", Sample.with(good, "input", nil), "missing_required_parameter", "input"),
        Refusal("an unknown model", Sample.with(good, "model", "gpt-1"), "model_not_found", nil, status: 404),
        Refusal("a shut-down model", Sample.with(plain, "model", "gpt-4.1"), "model_not_found", nil, status: 404),
        Refusal(
            "temperature to a reasoning model", Sample.with(good, "temperature", .double(0.1)), "unsupported_parameter",
            "temperature"),
        Refusal(
            "temperature 1 to gpt-6-luna",
            Sample.with(Sample.vision(["https://a/1"], model: "gpt-6-luna"), "temperature", 1), "unsupported_parameter",
            "temperature"),
        Refusal("top_p to a reasoning model", Sample.with(good, "top_p", 1), "unsupported_parameter", "top_p"),
        Refusal(
            "reasoning to another model", Sample.with(plain, "reasoning", ["effort": "low"]), "unsupported_parameter",
            "reasoning.effort"),
        Refusal(
            "an unknown effort", Sample.with(good, "reasoning", ["effort": "huge"]), "invalid_value", "reasoning.effort"
        ),
        Refusal("temperature 3", Sample.with(plain, "temperature", 3), "decimal_above_max_value", "temperature"),
        Refusal(
            "too few tokens", Sample.with(good, "max_output_tokens", 15), "integer_below_min_value", "max_output_tokens"
        ),
        Refusal("tokens as text", Sample.with(good, "max_output_tokens", "100"), "invalid_type", "max_output_tokens"),
        Refusal("store as text", Sample.with(good, "store", "false"), "invalid_type", "store"),
        Refusal("metadata as a list", Sample.with(good, "metadata", []), "invalid_type", "metadata"),
        Refusal("a number in metadata", Sample.with(good, "metadata", ["a": 1]), "invalid_type", "metadata.a"),
        Refusal(
            "17 pairs of metadata", Sample.with(good, "metadata", .object((0..<17).map { ("k\($0)", "v") })),
            "object_above_max_properties", "metadata"),
        Refusal(
            "a long value of metadata",
            Sample.with(good, "metadata", ["a": .string(String(repeating: "x", count: 513))]),
            "string_above_max_length", "metadata.a"),
    ]

    static let inputs = [
        Refusal("an empty input", Sample.with(good, "input", []), "empty_array", "input"),
        Refusal("a number as input", Sample.with(good, "input", 1), "invalid_type", "input"),
        Refusal(
            "a strange role", Sample.with(good, "input", [["role": "tool", "content": "x"]]), "invalid_value",
            "input[0].role"),
        Refusal(
            "no content", Sample.with(good, "input", [["role": "user"]]), "missing_required_parameter",
            "input[0].content"),
        Refusal("Chat's text part", part(["type": "text", "text": "x"]), "invalid_value", "input[0].content[0].type"),
        Refusal(
            "Chat's image part", part(["type": "image_url", "image_url": ["url": "https://a"]]), "invalid_value",
            "input[0].content[0].type"),
        Refusal(
            "an object as image_url",
            part(["type": "input_image", "image_url": ["url": "https://a"], "detail": "low"]),
            "invalid_type", picturePath),
        Refusal(
            "no detail", part(["type": "input_image", "image_url": "https://a/1.jpg"]), "missing_required_parameter",
            "input[0].content[0].detail"),
        Refusal(
            "a strange detail", part(["type": "input_image", "image_url": "https://a/1.jpg", "detail": "best"]),
            "invalid_value", "input[0].content[0].detail"),
        Refusal("a file name as image_url", picture("car.jpg"), "invalid_value", picturePath),
        Refusal("a data URL without a type", picture("data:;base64,\(png)"), "invalid_value", picturePath),
        Refusal("a data URL that is not base64", picture("data:image/png,abc"), "invalid_value", picturePath),
        Refusal("broken base64", picture("data:image/png;base64,\(png)!"), "invalid_base64_image", picturePath),
        Refusal("base64 without padding", picture("data:image/png;base64,AAA"), "invalid_base64_image", picturePath),
        Refusal("no picture in base64", picture("data:image/png;base64,aGVsbG8h"), "invalid_image_format", picturePath),
        Refusal(
            "a PNG called JPEG", picture("data:image/jpeg;base64,\(png)"), "unsupported_image_media_type", picturePath),
        Refusal(
            "a data URL of 20,971,521 characters",
            picture("data:image/png;base64," + String(repeating: "A", count: 20_971_499)),
            "string_above_max_length", picturePath),
        Refusal(
            "pictures to a model that cannot see", Sample.with(good, "model", "o3-mini"), "invalid_value", "input"),
    ]

    static let formats = [
        Refusal(
            "Chat's inner json_schema", format(["type": "json_schema", "json_schema": ["name": "a"]]),
            "unknown_parameter",
            "text.format.json_schema"),
        Refusal(
            "no name", format(["type": "json_schema", "schema": Sample.schema()]), "missing_required_parameter",
            "text.format.name"),
        Refusal(
            "a name with a space", format(["type": "json_schema", "name": "a b", "schema": Sample.schema()]),
            "invalid_value", "text.format.name"),
        Refusal(
            "a long name",
            format([
                "type": "json_schema", "name": .string(String(repeating: "a", count: 65)), "schema": Sample.schema(),
            ]), "string_above_max_length", "text.format.name"),
        Refusal(
            "no schema", format(["type": "json_schema", "name": "a"]), "missing_required_parameter",
            "text.format.schema"),
        Refusal("a strange type", format(["type": "xml"]), "invalid_value", "text.format.type"),
        Refusal("format as text", Sample.with(good, "text", ["format": "json"]), "invalid_type", "text.format"),
    ]
}

@Suite("The simulated API is as strict as the real one", .timeLimit(.minutes(1)))
struct RequestRulesTests {
    let rules = RequestRules(models: ModelCatalog(shutDown: ["gpt-4.1"]))

    @Test("a body is refused for its fields", arguments: Refusal.fields)
    func fields(_ refusal: Refusal) { expect(refusal) }

    @Test("a body is refused for its input", arguments: Refusal.inputs)
    func inputs(_ refusal: Refusal) { expect(refusal) }

    @Test("a body is refused for its format", arguments: Refusal.formats)
    func formats(_ refusal: Refusal) { expect(refusal) }

    private func expect(_ refusal: Refusal) {
        do {
            _ = try rules.check(refusal.body)
            Issue.record("accepted")
        } catch {
            #expect(error.code == refusal.code)
            #expect(error.param == refusal.param)
            #expect(error.status == refusal.status)
        }
    }

    @Test("a careful client's requests are accepted")
    func accepted() throws {
        let picture = Base64.text(SamplePictures.bytes(.jpeg, name: "x"))
        let vision = try rules.check(Sample.vision(["https://a/1.jpg", "data:image/jpeg;base64,\(picture)"]))
        #expect(vision.input.pictures.count == 2)
        #expect(vision.input.pictures[1].key == SimulatedAnswer.imageKey(bytes: SamplePictures.bytes(.jpeg, name: "x")))
        #expect(try rules.check(Sample.translation("<p>x</p>", ["de", "pt-BR"])).input.userText.contains("<p>x</p>"))
        _ = try rules.check(["model": "gpt-4o", "input": "hello"])
        _ = try rules.check(["model": "gpt-4.1-mini-2025-04-14", "input": "hello", "temperature": 0, "metadata": .null])
    }
}
