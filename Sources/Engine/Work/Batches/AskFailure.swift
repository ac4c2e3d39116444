// Meaning of a failed direct call, for the lot and for the rest of its stage. Pure.

enum AskFailure: Equatable {
    /// The lot itself is the cause, or one of its pictures.
    case lot
    /// A refusal without a known reason: most likely the lot is the cause, but perhaps every line would meet it.
    case unexplained
    /// The lot is too large for the account's limit of direct calls. A batch may take it.
    case oversized
    /// The call may have been paid for: it is not repeated, and the lot goes with the others.
    case unknown
    /// A passing trouble, and certainly nothing was done: ask again, and after a few tries for another lot.
    case passing
    /// Nothing is done until the operator acts or another model is used: ask again later.
    case account
    /// Every line would meet the same refusal.
    case never

    init(_ error: OpenAIError) {
        self =
            switch error.cause {
            case .lot, .picture, .download, .pictures: .lot
            case .unexplained: .unexplained
            case .oversized: .oversized
            case .form: .never
            case .model, .account, .quota: .account
            case .rate, .service, .between: Self.passing(error)
            }
    }

    private static func passing(_ error: OpenAIError) -> AskFailure {
        // An answer that failed may have cost something.
        if case .api(200..<300, _, _) = error.kind { return .lot }
        return error.hasSurelyFailed ? .passing : .unknown
    }
}

extension LineFailure {
    /// The failure of a lot that has no image to send.
    static func withoutImages(_ position: Int) -> LineFailure {
        LineFailure(position: position, reason: LineInput.noImages, imageDownload: false, curable: false)
    }

    /// The failure of the lot's direct call with `error`. A call that may have been paid for is not made again.
    /// Pictures that can be left out have been left out before.
    /// - Parameter wasInline: the images were sent inline, so sending them inline again cannot help.
    init(_ position: Int, _ error: OpenAIError, wasInline: Bool) {
        let mayHelp = error.curable && AskFailure(error) != .unknown
        let isCurable = error.fault.isOfPictures ? error.imageDownload && !wasInline : mayHelp
        self.init(
            position: position, reason: error.reason, imageDownload: error.imageDownload, curable: isCurable)
    }
}
