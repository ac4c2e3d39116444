// Lines of a batch's output file and error file. Pure. Their order is not the input's, and
// either file may have either kind of line.

/// The outcome of one line.
public enum LineOutcome: Sendable, Equatable {
    case answer(ModelAnswer)
    /// - `curable`: the line is worth sending again, a bounded number of times.
    /// - `reason`: a text that integrators may see.
    /// - `imageDownload`: send the line again with inlined images. If they were inlined already, it is not curable.
    /// - `usage`: the cost of the failed line.
    case failed(curable: Bool, reason: String, imageDownload: Bool, usage: Usage?)
}

/// A line of a result file.
public struct BatchOutput: Sendable, Equatable {
    public var customID: String
    public var outcome: LineOutcome
    /// The error behind a failed ``outcome``, for the model choice and the log.
    public var error: OpenAIError?
    /// The provider counts the line as completed: its status is 2xx, whatever its answer is.
    public var isCompleted = false

    /// - Parameters:
    ///   - line: without its newline.
    ///   - fields: the schema's properties; nil accepts any object of texts.
    /// - Returns: nil for a line without an id. It cannot be matched, so its request counts as missing.
    public static func read(_ line: [UInt8], fields: [String]? = nil) -> BatchOutput? {
        let mark = JSONValue.byteOrderMark
        let text = line.starts(with: mark) ? Array(line.dropFirst(mark.count)) : line
        guard let value = try? JSONValue.parse(text), let customID = value["custom_id"]?.string, !customID.isEmpty
        else {
            return nil
        }
        var output: BatchOutput
        switch result(of: value, fields) {
        case .success(let answer): output = BatchOutput(customID: customID, outcome: .answer(answer), error: nil)
        case .failure(let error): output = BatchOutput(customID: customID, outcome: LineOutcome(error), error: error)
        }
        output.isCompleted = (200..<300).contains(value["response"]?["status_code"]?.int ?? 0)
        return output
    }

    private static func result(of line: JSONValue, _ fields: [String]?) -> Result<ModelAnswer, OpenAIError> {
        guard let response = line["response"], case .object = response else { return .failure(withoutResponse(line)) }
        let body = body(of: response)
        let result: Result<ModelAnswer, OpenAIError>
        switch status(of: response, body) {
        case .some(200..<300): result = AnswerReader.read(body, fields: fields)
        case let status?:
            result = .failure(ErrorClassifier.classify(status: status, failure: APIFailure(body), .createResponse))
        case nil: result = .failure(OpenAIError(.malformed("the result has no status")))
        }
        let requestID = response["request_id"]?.string
        return result.mapError { error in
            var error = error
            error.requestID = requestID.map { SafeText.clean($0, limit: 100) }
            return error
        }
    }

    /// The body of the line's reply. Some compatible servers send it as a text that holds the JSON.
    private static func body(of response: JSONValue) -> JSONValue {
        guard let text = response["body"]?.string else { return response["body"] ?? .null }
        return (try? JSONValue.parse(Array(text.utf8))) ?? .string(text)
    }

    /// The line's HTTP status: a number, a text of digits, or missing beside a whole answer. nil if nobody can tell.
    private static func status(of response: JSONValue, _ body: JSONValue) -> Int? {
        let status = response["status_code"]?.int ?? response["status_code"]?.string.flatMap { Int($0) }
        if let status, (200...599).contains(status) { return status }
        return body["status"]?.string != nil || APIFailure(body).isFromProvider ? 200 : nil
    }

    /// Handles `error` with `response: null`: the request was never run, for example because the batch expired.
    private static func withoutResponse(_ line: JSONValue) -> OpenAIError {
        let failure = APIFailure(error: line["error"])
        guard failure.code != nil || failure.message != nil else {
            return OpenAIError(.malformed("the result has neither response nor error"))
        }
        return ErrorClassifier.classify(status: 0, failure: failure, .createResponse)
    }
}

extension LineOutcome {
    init(_ error: OpenAIError) {
        // The repeated line goes to the next model of the list, which the direct request before its batch finds.
        let curable = error.curable || error.kind == .modelNotFound
        self = .failed(curable: curable, reason: error.reason, imageDownload: error.imageDownload, usage: error.usage)
    }
}
