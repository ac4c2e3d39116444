// Runs one request to the model: rules, pictures, faults, answer. POST /v1/responses and batch lines share it. Thread:
// its loop; loop-bound.
import Engine

/// Downloads a picture as the real API does; the text is the reason of a failure.
typealias PictureDownload = (_ url: String) async -> String?

final class ResponseEngine {
    /// An answer that is paid for.
    struct EngineReply {
        let json: JSONValue
        /// Its entry in the ledger, without its place.
        let paid: PaidAnswer
        /// Additional faults of a batch line.
        let fault: LineFaultKind?
    }

    private unowned let account: SimulatedAccount
    /// nil: the simulator does not download URLs.
    var download: PictureDownload?
    /// Number of runs per request body, by digest.
    private var seen: [String: Int] = [:]

    init(account: SimulatedAccount) { self.account = account }

    /// - Parameters:
    ///   - text: the whole line or body as sent; faults may look for substrings in it.
    ///   - id: the source of a fault's probability: the line's custom_id, or the body's digest.
    func answer(_ body: JSONValue, text: [UInt8], id: String?) async throws(APIError) -> EngineReply {
        let digest = Hashing.hex(body.bytes, digits: 32)
        let before = seen[digest, default: 0]
        seen[digest] = before + 1
        let request = try RequestRules(models: account.plan.catalog).check(body)
        let pictures = request.input.pictures
        try await fetch(pictures, failing: account.plan.failImageSubstring)
        let fault = account.plan.strike(line: text, id: id ?? digest, seen: before, pictures: pictures)
        if let error = fault.flatMap({ ResponseEngine.error($0, pictures) }) { throw error }
        var object = ResponseObject(
            request: request, id: String(Hashing.hex("\(digest):\(before)").prefix(48)), createdAt: account.clock.now,
            fault: fault?.kind.answerFault)
        if let code = fault?.error.code?.string { object.failure = code }
        let result = object.make()
        return EngineReply(json: result.json, paid: entry(request, result, text), fault: fault?.kind)
    }

    private func entry(_ request: CheckedRequest, _ result: ResponseObject.Result, _ text: [UInt8]) -> PaidAnswer {
        let pictures = request.input.pictures.map(\.key)
        let source = pictures.isEmpty ? request.input.userText : SimulatedAnswer.text(imageKeys: pictures)
        return PaidAnswer(
            model: request.model.name, digest: Hashing.hex(request.body.bytes, digits: 16),
            reference: SimulatedAnswer.reference(of: source), isTranslation: pictures.isEmpty,
            mark: PaidAnswer.word(after: account.options.ledgerMark, in: text), inputTokens: result.inputTokens,
            outputTokens: result.outputTokens, isUsable: result.isUsable, at: account.clock.now)
    }

    func forget() { seen.removeAll() }

    /// The real API answers 400 for a picture that it cannot download.
    private func fetch(_ pictures: [PictureReference], failing substring: String?) async throws(APIError) {
        for picture in pictures {
            guard let url = picture.url else { continue }
            if let substring, !substring.isEmpty, url.contains(substring) {
                throw .invalid("Error while downloading \(url).", param: "url", code: "invalid_value")
            }
            if let download, let problem = await download(url) {
                throw .invalid("\(problem) \(url).", param: "url", code: "invalid_value")
            }
        }
    }

    /// The error of a fault; nil for faults of the answer.
    private static func error(_ fault: LineFault, _ pictures: [PictureReference]) -> APIError? {
        switch fault.kind {
        case .error: return fault.error.error(or: usual(fault.status))
        case .picture:
            let part = fault.part(of: pictures).map { "\($0).image_url" }
            return fault.error.error(
                or: APIError(
                    fault.status, "The image cannot be parsed.", param: part, code: "image_parse_error"))
        case .answer, .missing, .doubled, .unknownID, .statusText, .noStatus, .bodyText: return nil
        }
    }

    private static func usual(_ status: Int) -> APIError {
        switch status {
        case 429:
            APIError(429, "Rate limit reached.", type: "requests", code: "rate_limit_exceeded")
        case 500...599:
            APIError(
                status, "The server had an error while processing your request.", type: "server_error",
                code: "server_error")
        default: APIError(status, "The request was refused by a fault switch.", code: "invalid_value")
        }
    }
}

extension LineFaultKind {
    var answerFault: AnswerFault? {
        switch self {
        case .answer(let fault): fault
        case .missing, .doubled, .unknownID, .statusText, .noStatus, .bodyText, .error, .picture: nil
        }
    }
}
