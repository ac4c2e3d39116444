// Converts a reply's status, head and body to an OpenAIError. Pure.

/// An error in the API's form: `{"error": {"message", "type", "param", "code"}}`; every part may be missing.
struct APIFailure: Equatable {
    /// Also a number, as some compatible servers send it.
    var code: String?
    var type: String?
    var param: String?
    var message: String?
    /// The provider's own form: an object `error` with a text `message`, or a text `error`. A gateway's page, an empty
    /// body, and `{"detail": "Not Found"}` of a web framework are not.
    private(set) var isFromProvider = false

    /// Takes the whole body of a reply. A gateway may send HTML; then all members are nil.
    init(_ body: JSONValue?) {
        switch body?["error"] {
        case .string(let text)?:
            self.init(error: text.isEmpty ? .null : ["message": .string(text)])
        case .object(let members)?:
            self.init(error: .object(members))
        case .null?, .bool?, .int?, .double?, .array?, nil:
            self.init(error: body)
            // Older compatible servers put the members beside `"object": "error"`.
            isFromProvider = isFromProvider && body?["object"]?.string == "error"
        }
    }

    /// Takes the `error` object alone, as in a batch line or in a failed answer.
    init(error: JSONValue?) {
        code = error?["code"].flatMap(Self.code)
        type = error?["type"]?.string
        param = error?["param"]?.string
        message = error?["message"]?.string
        isFromProvider = message != nil
    }

    /// The HTTP status that some servers send as the code.
    var status: Int? { code.flatMap { Int($0) }.flatMap { (400...599).contains($0) ? $0 : nil } }

    /// The number of pictures in "At most 4 image(s) may be provided" and "Max is 10".
    var allowed: Int? {
        guard let words = message?.lowercased() else { return nil }
        for sign in ["at most ", "max is ", "maximum of ", "maximum is "] {
            guard let found = words.firstRange(of: sign) else { continue }
            if let number = Int(words[found.upperBound...].prefix { $0.isNumber }), number > 0 { return number }
        }
        return nil
    }

    private static func code(_ value: JSONValue) -> String? { value.string ?? value.int.map { String($0) } }
}

/// Makes errors of replies, with the meaning that ``FaultTable`` gives them.
enum ErrorClassifier {
    /// - Parameters:
    ///   - status: of the HTTP reply; 200 for an answer whose own status is `failed`, 0 for a line that was never run.
    ///   - operation: a line of a batch counts as `createResponse`.
    static func classify(
        status reported: Int, failure: APIFailure, _ operation: ProviderOperation
    ) -> OpenAIError {
        // OpenRouter sends errors with HTTP 200 and the status as the code.
        let status = reported < 300 ? failure.status ?? reported : reported
        let row = row(status: status, failure, operation)
        var error = OpenAIError(kind(row.meaning, status, failure), parameter: failure.param)
        error.meaning = row.meaning
        error.part = FailedParam(failure.param).part
        error.allowed = row.meaning == .pictures ? failure.allowed : nil
        error.words = words(failure)
        // A 4xx is a refusal without effect. After a 5xx or 408 a gateway may have lost the reply to a successful
        // request. A failed answer was run.
        error.mayHaveArrived = status >= 500 || status == 408 || (200..<300).contains(reported)
        error.isFromProvider = failure.isFromProvider && !(300..<400).contains(status)
        return error
    }

    /// The first row that matches; the last row always does.
    static func row(status: Int, _ failure: APIFailure, _ operation: ProviderOperation) -> FaultRow {
        FaultTable.rows.first { $0.matches(failure, status: status, operation) } ?? FaultTable.rows[0]
    }

    private static func kind(_ meaning: FaultMeaning, _ status: Int, _ failure: APIFailure) -> OpenAIError.Kind {
        switch meaning {
        case .quota: return .quota
        case .rate: return .rateLimited
        case .model: return .modelNotFound
        case .lot, .unexplained, .oversized, .picture, .download, .pictures, .form, .account, .service, .between:
            let message = failure.message.map { SafeText.clean($0) } ?? "no readable explanation"
            return .api(status: status, code: failure.code.map { SafeText.clean($0, limit: 64) }, message: message)
        }
    }

    /// The provider's code and message for the log; nil if it said nothing.
    private static func words(_ failure: APIFailure) -> String? {
        let parts = [failure.code, failure.message].compactMap(\.self)
        return parts.isEmpty ? nil : SafeText.clean(parts.joined(separator: ": "))
    }
}

extension OpenAIError {
    /// Creates the error of an HTTP reply that is not 2xx.
    /// - Parameters:
    ///   - key: hidden if the reply repeats it; keys of other servers than OpenAI's may have any form.
    ///   - hiding: other secrets of the request.
    package init(
        status: Int, headers: (String) -> String?, body: [UInt8], key: String, hiding: [String] = [], now: Timestamp,
        _ operation: ProviderOperation = .createResponse
    ) {
        var failure = APIFailure(try? JSONValue.parse(body))
        for secret in [key] + hiding where !secret.isEmpty {
            failure.message = failure.message?.replacing(secret, with: "[hidden]")
            failure.code = failure.code?.replacing(secret, with: "[hidden]")
        }
        self = ErrorClassifier.classify(status: status, failure: failure, operation)
        retryAfter = RetryPolicy.retryAfter(headers: headers, now: now)
        if status == 429, retryAfter == nil { retryAfter = RateLimitHeaders.reset(headers) }
        shouldRetry = headers("x-should-retry").flatMap { ["true": true, "false": false][$0.lowercased()] }
        requestID = headers("x-request-id").map { SafeText.clean($0, limit: 100) }
    }
}

extension ProviderMetrics.Outcome {
    init(_ error: OpenAIError) {
        self =
            switch error.kind {
            case .api(let status, _, _): status >= 500 ? .serverError : .refused
            case .quota: .quota
            case .modelNotFound: .modelNotFound
            case .rateLimited: .rateLimited
            case .unavailable: .unreachable
            case .timedOut: .timedOut
            case .refused, .incomplete, .malformed: .malformed
            case .sourceFailed, .cancelled: .cancelled
            }
    }
}
