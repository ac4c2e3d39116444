// What the failure of a lot that was asked for directly says about the lot and about the rest of its stage. Pure.

enum AskFailure: Equatable {
    /// It was this lot.
    case lot
    /// It may have been paid for: do not ask again.
    case unknown
    /// Nothing was done; ask again later.
    case later
    /// Every line would meet the same refusal.
    case never

    /// Codes that speak of our request's form, not of its content.
    private static let formCodes: Set<String> = [
        "unknown_parameter", "unsupported_parameter", "unsupported_value", "invalid_json_schema", "invalid_type",
        "missing_required_parameter",
    ]

    init(_ error: OpenAIError) {
        self =
            switch error.kind {
            case .refused, .incomplete, .malformed: .lot
            case .quota, .modelNotFound, .rateLimited, .cancelled, .sourceFailed: .later
            case .unavailable, .timedOut: error.mayHaveArrived ? .unknown : .later
            case .api(401, _, _), .api(403, _, _): .later
            case .api(let status, let code, _):
                if error.imageDownload || status < 300 {
                    .lot
                } else if Self.formCodes.contains(code ?? "") {
                    .never
                } else {
                    status >= 500 ? .later : .lot
                }
            }
    }
}

extension LineFailure {
    /// The lot's line failed with `error`.
    /// - Parameter wasInline: its images were sent along, so that sending them along cannot cure it.
    init(_ position: Int, _ error: OpenAIError, wasInline: Bool) {
        self.init(
            position: position, reason: error.reason, imageDownload: error.imageDownload,
            curable: error.curable && !(error.imageDownload && wasInline))
    }
}
