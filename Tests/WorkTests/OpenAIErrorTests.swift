// The meaning of the API's errors, as a table; retries of calls; the visible part of an error.
import Testing

@testable import Engine

private func error(
    _ status: Int, _ body: String, _ headers: [String: String] = [:], now: Timestamp = Timestamp(seconds: 0)
) -> OpenAIError {
    OpenAIError(status: status, headers: { headers[$0.lowercased()] }, body: Array(body.utf8), key: "", now: now)
}

private func body(_ code: String?, param: String? = nil, type: String? = nil, message: String = "m") -> String {
    let members: [(String, JSONValue)] = [
        ("message", .string(message)), ("type", JSONValue(type)), ("param", JSONValue(param)),
        ("code", JSONValue(code)),
    ]
    return JSONValue.object([("error", .object(members))]).text
}

/// One row: an error and its expected classification.
struct ErrorRow: Sendable, CustomTestStringConvertible {
    var name: String
    var status: Int
    var body: String
    var kind: OpenAIError.Kind?
    var curable: Bool
    var imageDownload = false
    var mayHaveArrived = false
    var testDescription: String { name }
}

private let rows: [ErrorRow] = [
    ErrorRow(
        name: "rate limit", status: 429, body: body("rate_limit_exceeded"), kind: .rateLimited, curable: true),
    ErrorRow(name: "slow down", status: 429, body: body("slow_down"), kind: .rateLimited, curable: true),
    ErrorRow(name: "429 of a proxy", status: 429, body: "<html>", kind: .rateLimited, curable: true),
    ErrorRow(name: "no money", status: 429, body: body("insufficient_quota"), kind: .quota, curable: false),
    ErrorRow(
        name: "no money, by type", status: 429, body: body(nil, type: "insufficient_quota"), kind: .quota,
        curable: false),
    ErrorRow(name: "model gone, new", status: 404, body: body("model_not_found"), kind: .modelNotFound, curable: false),
    ErrorRow(name: "model gone, old", status: 400, body: body("model_not_found"), kind: .modelNotFound, curable: false),
    ErrorRow(
        name: "bad key", status: 401, body: body("invalid_api_key"),
        kind: .api(status: 401, code: "invalid_api_key", message: "m"), curable: false),
    ErrorRow(
        name: "region", status: 403, body: body("unsupported_country_region_territory"), kind: nil, curable: false),
    ErrorRow(
        name: "HTML of a gateway", status: 502, body: "<html><h1>Bad gateway</h1>",
        kind: .api(status: 502, code: nil, message: "no readable explanation"), curable: true, mayHaveArrived: true),
    ErrorRow(
        name: "overloaded", status: 503, body: body("server_is_overloaded", type: "service_unavailable_error"),
        kind: nil,
        curable: true, mayHaveArrived: true),
    ErrorRow(name: "empty 500", status: 500, body: "", kind: nil, curable: true, mayHaveArrived: true),
    ErrorRow(name: "timeout at a proxy", status: 408, body: "", kind: nil, curable: true, mayHaveArrived: true),
    ErrorRow(name: "conflict", status: 409, body: body(nil), kind: nil, curable: true),
    ErrorRow(
        name: "unknown parameter", status: 400, body: body("unknown_parameter", param: "x"), kind: nil, curable: false),
    ErrorRow(name: "not JSON inside", status: 400, body: #"{"error":"nope"}"#, kind: nil, curable: false),
    ErrorRow(name: "array", status: 422, body: "[1]", kind: nil, curable: false),
    ErrorRow(
        name: "image timed out", status: 400,
        body: body("invalid_value", param: "url", message: "Timeout while downloading https://a.example/1.jpg"),
        kind: nil,
        curable: true, imageDownload: true),
    ErrorRow(
        name: "image not there", status: 400,
        body: body(nil, message: "Error while downloading https://a.example/1.jpg"), kind: nil, curable: true,
        imageDownload: true),
    ErrorRow(
        name: "image by code", status: 400, body: body("failed_to_download_image"), kind: nil, curable: true,
        imageDownload: true),
    ErrorRow(
        name: "image URL", status: 400, body: body("invalid_image_url", param: "input[0].content[1].image_url"),
        kind: nil,
        curable: true, imageDownload: true),
    ErrorRow(
        name: "other value", status: 400, body: body("invalid_value", param: "input[0].content[1].detail"), kind: nil,
        curable: false),
    ErrorRow(name: "image too large", status: 400, body: body("image_too_large"), kind: nil, curable: true),
    ErrorRow(
        name: "image policy", status: 400, body: body("image_content_policy_violation"), kind: nil, curable: true),
]

@Suite("OpenAI errors", .timeLimit(.minutes(1)))
struct OpenAIErrorTests {
    @Test("the table of errors", arguments: rows)
    func classification(_ row: ErrorRow) {
        let found = error(row.status, row.body)
        if let kind = row.kind { #expect(found.kind == kind) }
        #expect(found.curable == row.curable)
        #expect(found.imageDownload == row.imageDownload)
        #expect(found.mayHaveArrived == row.mayHaveArrived)
    }

    @Test("an error shows no keys, accounts or queries of URLs, and is one bounded line")
    func reasons() {
        let message = """
            Incorrect key sk-proj-Abc_123*** for org-XyZ9 in proj_77: Bearer tok.en
            Timeout while downloading https://a.example/1.jpg?sig=topsecret, see task-force
            """
        let reason = error(400, body("x", message: message)).reason
        for secret in ["sk-proj", "Abc_123", "org-Xy", "proj_77", "tok.en", "topsecret", "\n"] {
            #expect(!reason.contains(secret), "\(secret)")
        }
        #expect(reason.contains("https://a.example/1.jpg?..."))
        #expect(reason.contains("see task-force") || reason.contains("?..."))
        #expect(error(401, body("invalid_api_key", message: "sk-1 is wrong")).reason.contains("credentials"))
        #expect(error(500, body(nil, message: String(repeating: "👩‍👩‍👧", count: 5000))).reason.utf8.count < 10_000)
        #expect(SafeText.clean("task-force is kept, e-sk-x too") == "task-force is kept, e-[hidden] too")
    }
}

@Suite("OpenAI errors for clients", .timeLimit(.minutes(1)))
struct OpenAIServiceErrorTests {
    @Test("C4.5: an error from OpenAI is 500 with openai_error and retry_after")
    func answered() {
        let overloaded = error(503, body(nil, message: "Model overloaded"), ["retry-after": "59.2"])
        let shown = ServiceError(overloaded)
        #expect(shown.code == .openAIError)
        let expected: JSONValue = ["openai_error": "OpenAI answered 503: Model overloaded", "retry_after": 60]
        #expect(shown.details == expected)
        for kind in [.quota, .refused("no"), .incomplete("x"), .malformed("x")] as [OpenAIError.Kind] {
            #expect(ServiceError(OpenAIError(kind)).code == .openAIError)
        }
    }

    @Test("C4.5: not reached is 502, too slow is 504")
    func notAnswered() {
        #expect(ServiceError(OpenAIError(.unavailable)).code == .openAIUnavailable)
        #expect(ServiceError(OpenAIError(.timedOut)).code == .openAITimeout)
    }
}

@Suite("OpenAI retries", .timeLimit(.minutes(1)))
struct OpenAIRetryTests {
    private func delay(
        _ error: OpenAIError, done: Int = 0, remaining: Double = 300, random: Double = 0
    ) -> Double? {
        RetryPolicy().delay(after: error, retriesDone: done, remainingSeconds: remaining, random: random)
    }

    @Test("back-off doubles from half a second to eight, minus up to a quarter")
    func backOff() {
        let policy = RetryPolicy()
        #expect((0..<7).map { policy.backOff(retriesDone: $0, random: 0) } == [0.5, 1, 2, 4, 8, 8, 8])
        #expect(policy.backOff(retriesDone: 1, random: 1) == 0.75)
        #expect(policy.backOff(retriesDone: 1_000_000, random: 0) == 8)
    }

    @Test("retried statuses", arguments: [408, 409, 429, 500, 502, 503, 504, 529])
    func retried(_ status: Int) {
        #expect(delay(error(status, "")) == 0.5)
        #expect(delay(error(status, ""), done: 1) == 1)
        #expect(delay(error(status, ""), done: 2) == nil)
    }

    @Test("statuses without a retry", arguments: [400, 401, 403, 404, 413, 422])
    func notRetried(_ status: Int) {
        #expect(delay(error(status, "")) == nil)
    }

    @Test("connections and time-outs are retried; quota, refusals and cut answers are not")
    func kinds() {
        #expect(delay(OpenAIError(.unavailable)) == 0.5)
        #expect(delay(OpenAIError(.timedOut)) == 0.5)
        let never: [OpenAIError.Kind] = [
            .quota, .modelNotFound, .refused("no"), .incomplete("max_output_tokens"), .malformed("x"), .sourceFailed,
            .cancelled,
        ]
        for kind in never { #expect(delay(OpenAIError(kind)) == nil) }
        #expect(delay(error(429, body("insufficient_quota"), ["x-should-retry": "true"])) == nil)
    }

    @Test("x-should-retry decides")
    func serversWord() {
        #expect(delay(error(400, "", ["x-should-retry": "true"])) == 0.5)
        #expect(delay(error(503, "", ["x-should-retry": "false"])) == nil)
        #expect(delay(error(429, "", ["x-should-retry": "FALSE"])) == nil)
        #expect(delay(error(500, "", ["x-should-retry": "maybe"])) == 0.5)
    }

    @Test(
        "Retry-After in all its forms",
        arguments: [
            (["retry-after-ms": "250", "retry-after": "9"], 0.25), (["retry-after": "2.5"], 2.5),
            (["retry-after": "3600"], 600), (["retry-after": "999999999"], 600),
            (["retry-after": "Sun, 06 Nov 1994 08:49:47 GMT"], 10),
            (["retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"], nil),
            (["retry-after": "soon"], nil), (["retry-after": "-1"], nil), (["retry-after": "nan"], nil),
            (["retry-after-ms": "x", "retry-after": "3"], 3), (["retry-after": "inf"], nil), ([:], nil),
        ] as [([String: String], Double?)])
    func retryAfter(_ headers: [String: String], _ expected: Double?) {
        let now = Timestamp(seconds: 784_111_777)
        #expect(error(429, "", headers, now: now).retryAfter == expected)
    }

    @Test(
        "without a Retry-After a 429 is retried when the exhausted limit is reset",
        arguments: [
            (["x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"], 360),
            (["x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "120ms"], 0.12),
            (["x-ratelimit-remaining-requests": "9", "x-ratelimit-reset-requests": "6m0s"], nil),
            (
                [
                    "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1.5s",
                    "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1m2s",
                ], 62
            ),
            (["retry-after": "3", "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "9s"], 3),
            (["x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "soon"], nil),
            (["x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "5"], nil),
            (["x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "48h"], nil),
        ] as [([String: String], Double?)])
    func rateLimitHeaders(_ headers: [String: String], _ expected: Double?) {
        #expect(error(429, "", headers).retryAfter == expected)
        if headers["retry-after"] == nil { #expect(error(500, "", headers).retryAfter == nil) }
    }

    @Test("a Retry-After beyond the bound or the deadline is left to the caller")
    func bounds() {
        #expect(delay(error(429, "", ["retry-after": "59"])) == 59)
        #expect(delay(error(429, "", ["retry-after": "61"])) == nil)
        #expect(delay(error(429, "", ["retry-after": "20"]), remaining: 19) == nil)
        #expect(delay(error(503, ""), remaining: 0.4) == nil)
    }

    @Test(
        "HTTP dates in the three forms of RFC 9110",
        arguments: [
            "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        ])
    func dates(_ text: String) {
        #expect(HTTPDate.parse(text)?.description == "1994-11-06T08:49:37Z")
    }

    @Test(
        "no HTTP dates",
        arguments: [
            "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 99 Nov 1994 08:49:37 GMT", "01 Jan 9999999 00:00:00 GMT",
            "01 Jan 1969 00:00:00 GMT", "soon", "",
        ])
    func noDates(_ text: String) {
        #expect(HTTPDate.parse(text) == nil)
    }
}

@Test("A reply counts as the provider's own if it has the provider's JSON form")
func formOfProvider() {
    let own = [
        #"{"error":{"message":"No such File object: file-1","type":"invalid_request_error","param":"id","code":null}}"#,
        #"{"error":{"message":"m","type":"NotFoundError","param":null,"code":404}}"#, #"{"error":"model not loaded"}"#,
        #"{"object":"error","message":"m","type":"NotFoundError","code":404}"#,
    ]
    for body in own { #expect(error(404, body).isFromProvider, "\(body)") }
    let others = [
        "", "<html><body>404 Not Found</body></html>", #"{"detail":"Not Found"}"#, #"{"message":"no Route matched"}"#,
        #"{"error":null}"#, #"{"error":{}}"#, #"{"error":{"code":404}}"#, #"{"error":""}"#, "[]", "null",
    ]
    for body in others { #expect(!error(404, body).isFromProvider, "\(body)") }
    #expect(!error(302, own[0]).isFromProvider)
}
