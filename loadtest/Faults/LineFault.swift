// The faults of requests to a model, as lines of a batch and alone; and those of whole batches. Values; any thread.
import Engine

/// The fault of a line of a batch; those of `AnswerFault`, `error` and `picture` strike `POST /v1/responses` as well.
public enum LineFaultKind: Sendable, Equatable {
    case answer(AnswerFault)
    /// Neither file mentions the line, which is paid, and no count includes it.
    case missing
    /// The line stands twice in the output file.
    case doubled
    /// The output has an additional line with a custom_id of no request.
    case unknownID
    /// The `status_code` is a text.
    case statusText
    /// There is no `status_code`.
    case noStatus
    /// The `body` is a text with the JSON in it.
    case bodyText
    /// An error line; on `POST /v1/responses` an error reply. Nothing is paid.
    case error
    /// As `error`, for one picture of the request, which `param` names.
    case picture

    init?(_ name: String) {
        switch name {
        case "missing": self = .missing
        case "doubled": self = .doubled
        case "unknown_id": self = .unknownID
        case "status_text": self = .statusText
        case "no_status": self = .noStatus
        case "body_text": self = .bodyText
        case "error": self = .error
        case "picture": self = .picture
        default:
            guard let fault = AnswerFault(rawValue: name) else { return nil }
            self = .answer(fault)
        }
    }
}

struct LineFault: Sendable {
    var kind: LineFaultKind
    var status = 500
    /// The members of an `error` or a `picture`; the code of `failed`.
    var error = ErrorMembers()
    /// `picture`: the first picture whose URL contains this.
    var picture: String?
    /// `picture`: the picture with this number, from 0.
    var pictureIndex: Int?
    /// Strikes only requests whose text (custom_id included) contains this.
    var contains: String?
    /// Strikes only the first this many times that the same request body is seen; nil: always.
    var attempts: Int?
    var odds = FaultOdds()

    /// The path of the picture that this fault concerns.
    func part(of pictures: [PictureReference]) -> String? {
        if let needle = picture { return pictures.first { $0.url?.contains(needle) ?? false }?.path }
        let index = pictureIndex ?? 0
        return pictures.indices.contains(index) ? pictures[index].path : nil
    }
}

/// The fault of a whole batch.
public enum BatchFaultKind: String, Sendable, CaseIterable {
    /// Stays in progress until its 24 hours are over.
    case stuck
    /// Expires instead of completing.
    case expire
    /// Fails in validation with `code`.
    case fail
    /// Is cancelled from outside, as by another user of the account.
    case cancel
}

struct BatchFault: Sendable {
    var kind: BatchFaultKind
    var code = "token_limit_exceeded"
    var message: String?
    /// The part of the lines done before `stuck`, `expire` or `cancel` struck.
    var fraction = 0.5
    /// Strikes only batches with this many lines, when they have been counted; nil: any batch, when it is created.
    var lines: ClosedRange<Int>?
    var odds = FaultOdds()

    /// True if it may strike now; `count` is the batch's number of lines, nil at creation.
    func isDecided(_ count: Int?) -> Bool {
        guard let lines else { return count == nil }
        return count.map(lines.contains) ?? false
    }
}
