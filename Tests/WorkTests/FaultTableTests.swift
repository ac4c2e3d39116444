// Whose fault an error is: a reply for each row of the table, as it was observed. Any thread.
import Testing

@testable import Engine

/// A reply and its expected fault.
struct FaultExample: Sendable, CustomTestStringConvertible {
    var status: Int
    var body: String
    var fault: ProviderFault
    var operation = ProviderOperation.createResponse
    var cause: FaultMeaning?
    var testDescription: String { "\(status) \(body.prefix(90))" }

    init(
        _ status: Int, body: String, _ fault: ProviderFault, _ operation: ProviderOperation = .createResponse,
        cause: FaultMeaning? = nil
    ) {
        (self.status, self.body, self.fault, self.operation, self.cause) = (status, body, fault, operation, cause)
    }

    /// An error in the API's form.
    init(
        _ status: Int, _ code: String?, _ fault: ProviderFault, param: String? = nil, type: String? = nil,
        says message: String = "m", at operation: ProviderOperation = .createResponse, cause: FaultMeaning? = nil
    ) {
        let error: JSONValue = [
            "message": .string(message), "type": JSONValue(type), "param": JSONValue(param), "code": JSONValue(code),
        ]
        let body: JSONValue = ["error": error]
        self.init(status, body: body.text, fault, operation, cause: cause)
    }

    var error: OpenAIError {
        OpenAIError(
            status: status, headers: { _ in nil }, body: Array(body.utf8), key: "", now: Timestamp(seconds: 0),
            operation)
    }
}

private let page = "<html><h1>Not here</h1></html>"
private let part = "input[0].content[3].image_url"

private let pictures: [FaultExample] = [
    FaultExample(400, "failed_to_download_image", .picture(part: nil), cause: .download),
    FaultExample(400, "image_parse_error", .picture(part: 3), param: part, cause: .download),
    FaultExample(200, "image_parse_error", .picture(part: nil), cause: .download),
    FaultExample(400, "image_content_policy_violation", .picture(part: 3), param: part, cause: .picture),
    FaultExample(200, "image_too_large", .picture(part: nil), cause: .picture),
    FaultExample(400, "invalid_base64", .picture(part: nil), says: "Invalid base64 image_url.", cause: .picture),
    FaultExample(
        400, "invalid_value", .picture(part: nil), param: "input",
        says: "The image you provided requires 41334 patches after processing, exceeding the limit of 30000.",
        cause: .picture),
    FaultExample(
        400, nil, .pictures(atMost: nil),
        says: "Total image size is 50.56MB, which exceeds the allowed limit of 50MB."),
    FaultExample(400, "too_many_images", .pictures(atMost: 10), says: "Too many images. Max is 10."),
    FaultExample(400, nil, .pictures(atMost: 50), says: "Too many images in request. Max is 50."),
    FaultExample(
        400, nil, .pictures(atMost: 4), type: "BadRequestError",
        says: "At most 4 image(s) may be provided in one prompt."),
    FaultExample(400, "invalid_value", .picture(part: nil), says: "Timeout while downloading https://a/1.jpg"),
    FaultExample(400, nil, .picture(part: nil), says: "Failed to download image from https://a/1.jpg"),
    FaultExample(400, nil, .picture(part: nil), says: "You uploaded an unsupported image."),
    FaultExample(
        400, nil, .picture(part: nil), says: "The image data you provided does not represent a valid image."),
    FaultExample(400, nil, .picture(part: nil), says: "Could not process image", cause: .picture),
    FaultExample(500, nil, .picture(part: nil), says: "cannot identify image file <_io.BytesIO>", cause: .picture),
    FaultExample(400, "invalid_value", .picture(part: 3), param: part, says: "Expected a valid URL", cause: .download),
    FaultExample(400, "new_code", .picture(part: 1), param: "messages[0].content[1].image_url.url", cause: .download),
    FaultExample(413, body: page, .pictures(atMost: nil)),
]

private let content: [FaultExample] = [
    FaultExample(400, "content_filter", .lot, param: "prompt"), FaultExample(200, "invalid_prompt", .lot),
    FaultExample(400, nil, .lot, says: "The response was filtered by Azure OpenAI's content management policy."),
    FaultExample(403, "403", .lot, says: "Input requires moderation: flagged for violence"),
    FaultExample(400, "context_length_exceeded", .lot, param: "input"),
    FaultExample(
        429, "rate_limit_exceeded", .lot, type: "tokens",
        says: "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 48000.", cause: .oversized),
    FaultExample(429, nil, .lot, says: "The input or output tokens must be reduced.", cause: .oversized),
    FaultExample(400, "invalid_value", .lot, param: "input[0].content[0].text"),
]

private let accounts: [FaultExample] = [
    FaultExample(429, "insufficient_quota", .account, cause: .quota),
    FaultExample(429, nil, .account, type: "insufficient_quota", cause: .quota),
    FaultExample(400, "400", .account, type: "budget_exceeded", says: "Budget has been exceeded!", cause: .quota),
    FaultExample(429, nil, .account, says: "You exceeded your current quota, please check your plan.", cause: .quota),
    FaultExample(402, "402", .account, says: "Insufficient credits", cause: .quota),
    FaultExample(200, "402", .account, says: "Insufficient credits", cause: .quota),
    FaultExample(401, "invalid_api_key", .account), FaultExample(401, body: page, .account),
    FaultExample(401, nil, .account, says: "You have insufficient permissions. Missing scopes: api.responses.write"),
    FaultExample(403, "unsupported_country_region_territory", .account), FaultExample(403, nil, .account),
    FaultExample(404, nil, .account, says: "Invalid URL (POST /v1/responses)"),
    FaultExample(404, "404", .account, type: "Not Found", says: "Not Found"),
    FaultExample(405, nil, .account, says: "Method not allowed"),
    FaultExample(404, nil, .account, says: "Not Found", at: .uploadFile),
    FaultExample(404, nil, .account, says: "Unknown path", at: .createBatch),
]

private let models: [FaultExample] = [
    FaultExample(404, "model_not_found", .model), FaultExample(400, "unsupported_model", .model),
    FaultExample(400, "model_not_found", .model, at: .createBatch),
    FaultExample(404, "DeploymentNotFound", .model, says: "The API deployment for this resource does not exist."),
    FaultExample(400, "400", .model, says: "openai/gpt-0 is not a valid model ID"),
    FaultExample(400, nil, .model, says: "Invalid model name passed in model=gpt-0."),
    FaultExample(400, "invalid_value", .model, param: "model"),
    FaultExample(
        404, body: #"{"error":{"message":"The model `x` does not exist.","type":"NotFoundError","code":404}}"#, .model),
    FaultExample(404, "404", .model, says: "litellm.NotFoundError: gone"), FaultExample(410, body: "", .model),
]

private let limitsAndForm: [FaultExample] = [
    FaultExample(429, "slow_down", .service, cause: .rate), FaultExample(429, body: page, .service, cause: .rate),
    FaultExample(200, "rate_limit_exceeded", .service, cause: .rate),
    FaultExample(200, "429", .service, says: "Rate limited upstream", cause: .rate),
    FaultExample(413, body: page, .lot, .uploadFile),
    FaultExample(400, nil, .lot, says: "File is too large.", at: .uploadFile),
    FaultExample(400, "unknown_parameter", .form, param: "x"),
    FaultExample(400, "unsupported_value", .form, param: "input[0].content[1].detail"),
    FaultExample(400, "invalid_value", .form, param: "max_output_tokens"),
    FaultExample(400, nil, .form, param: "text.format"),
    FaultExample(
        400, nil, .form, says: "'text.format' of type 'json_schema' is not supported with this model."),
    FaultExample(400, nil, .form, says: "Invalid schema for response_format 'damage_description'"),
    FaultExample(400, nil, .form, says: "We could not parse the JSON body of your request."),
]

private let services: [FaultExample] = [
    FaultExample(200, "server_error", .service), FaultExample(503, "server_is_overloaded", .service),
    FaultExample(0, "batch_expired", .service), FaultExample(0, "new_code", .service),
    FaultExample(200, "new_code", .lot), FaultExample(408, body: "", .between), FaultExample(409, nil, .service),
    FaultExample(302, body: page, .between), FaultExample(403, body: page, .between),
    FaultExample(404, body: page, .between),
    FaultExample(404, body: #"{"detail":"Not Found"}"#, .between, .createBatch),
    FaultExample(404, body: "", .between, .uploadFile),
    FaultExample(400, "new_code", .lot, cause: .unexplained), FaultExample(422, body: page, .lot, cause: .unexplained),
    FaultExample(404, nil, .lot, says: "No such File object: file-1", at: .createBatch),
    FaultExample(500, nil, .service), FaultExample(502, body: page, .between), FaultExample(504, body: "", .between),
    FaultExample(599, body: "", .between), FaultExample(600, body: "", .between),
]

@Suite("Whose fault it is", .timeLimit(.minutes(1)))
struct FaultTableTests {
    static let examples = pictures + content + accounts + models + limitsAndForm + services

    @Test("each observed error has its fault", arguments: examples)
    func fault(_ example: FaultExample) {
        let error = example.error
        #expect(error.fault == example.fault)
        if let cause = example.cause { #expect(error.cause == cause) }
    }

    @Test("each row of the table decides at least one observed error, and names its source")
    func everyRow() {
        let used = Self.examples.map { example in
            let failure = APIFailure(try? JSONValue.parse(Array(example.body.utf8)))
            let status = example.status < 300 ? failure.status ?? example.status : example.status
            return ErrorClassifier.row(status: status, failure, example.operation)
        }
        for row in FaultTable.rows {
            #expect(used.contains(row), "no example for the row: \(row.source)")
            #expect(!row.source.isEmpty)
        }
    }

    @Test("a code that is a number is read as a text")
    func codes() {
        for body in [#"{"error":{"code":429,"message":"m"}}"#, #"{"error":{"code":"429","message":"m"}}"#] {
            #expect(APIFailure(try? JSONValue.parse(Array(body.utf8))).code == "429")
        }
    }

    @Test("an error that is a text is shown")
    func text() {
        let error = FaultExample(500, body: #"{"error":"model runner has stopped"}"#, .service).error
        #expect(error.reason == "OpenAI answered 500: model runner has stopped")
        #expect(error.fault == .service)
    }

    @Test("the provider's code and words are shown, a key is not, also if the provider has masked it")
    func words() {
        let message = "Incorrect API key provided: abcd*****wxyz. Ask org-1234."
        let error = FaultExample(401, "invalid_api_key", .account, says: message).error
        let masked = "Incorrect API key provided: [hidden] Ask [hidden]"
        #expect(error.reason == "OpenAI refused the service's credentials (invalid_api_key): \(masked)")
        let country = FaultExample(403, "unsupported_country_region_territory", .account, says: "Not here").error
        #expect(country.reason == "OpenAI answered 403 (unsupported_country_region_territory): Not here")
    }

    @Test("only an invalid key or a host that does not answer is unhealthy")
    func reachable() {
        let scope = "You have insufficient permissions for this operation. Missing scopes: api.model.read"
        for example in [
            FaultExample(403, nil, .account), FaultExample(404, body: "", .between),
            FaultExample(401, nil, .account, says: scope),
            FaultExample(429, nil, .service),
        ] {
            #expect(example.error.provesReachable, "\(example.testDescription)")
        }
        for example in [FaultExample(401, "invalid_api_key", .account), FaultExample(502, body: "", .between)] {
            #expect(!example.error.provesReachable, "\(example.testDescription)")
        }
        for kind in [OpenAIError.Kind.unavailable, .timedOut] { #expect(!OpenAIError(kind).provesReachable) }
    }

    @Test("the param names the content part")
    func params() {
        #expect(FailedParam("input[0].content[12].image_url") == FailedParam("messages[1].content[12].image_url.url"))
        #expect(FailedParam("input[0].content[3].image_url").part == 3)
        #expect(FailedParam("input[0].content[0].text").kind == .input)
        #expect(FailedParam("input[0].content[2]").kind == .picture)
        for (param, kind) in [
            ("url", FailedParam.Kind.picture), ("model", .model), ("", .none), ("text.format", .form),
        ] {
            #expect(FailedParam(param).kind == kind, "\(param)")
        }
    }
}
