// Meaning of a failed direct call, for the lot and for the rest of its stage. Pure.

enum AskFailure: Equatable {
    /// The lot itself is the cause.
    case lot
    /// The call may have been paid for: it is not repeated, and the lot goes with the others.
    case unknown
    /// Nothing was done: ask again later.
    case later
    /// Every line would meet the same refusal.
    case never

    /// The failure does not count as one of the lot's attempts.
    var wasNotTried: Bool {
        switch self {
        case .later: true
        case .lot, .unknown, .never: false
        }
    }

    /// Error codes about the form of our request, not about its content.
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
    /// The failure of the lot's line with `error`.
    /// - Parameter wasInline: the images were sent inline, so sending them inline again cannot help.
    init(_ position: Int, _ error: OpenAIError, wasInline: Bool) {
        self.init(
            position: position, reason: error.reason, imageDownload: error.imageDownload,
            curable: error.curable && !(error.imageDownload && wasInline))
    }
}
