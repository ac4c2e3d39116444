// The verdict on each outcome, as transcripts: a batch and an outcome in, the verdict as one line out. Any thread.
import Testing

@testable import Engine

@Suite("The batch machine: the verdict on an outcome")
struct BatchMachineTests {
    static let now = Timestamp(seconds: 1_000_000)

    /// Facts without randomness: a wait is 0.75 of the doubled first second.
    static func facts(
        ended: Bool = false, cuts: Int = 0, account: String = "mine", left: Double = .infinity
    ) -> BatchFacts {
        var facts = BatchFacts(now: now, account: account)
        (facts.jobHasEnded, facts.cuts, facts.batchSecondsLeft) = (ended, cuts, left)
        return facts
    }

    static func batch(
        _ state: ProviderBatchState, lines: Int = 8, age: Double = 60, failures: Int = 0, setbacks: Int = 0,
        refusals: Int = 0, inline: Bool = false
    ) -> ProviderBatch {
        var batch = ProviderBatch(
            id: Identifier(high: 2, low: 1), stage: .vision, round: 1, sequence: 1, state: state, model: "m")
        (batch.lines, batch.inlineImages, batch.account) = (lines, inline, "mine")
        (batch.inputFileID, batch.batchID, batch.intentAt) = ("file-1", "batch_1", now + -age)
        (batch.failures, batch.setbacks, batch.refusals) = (failures, setbacks, refusals)
        return batch
    }

    static func with(_ batch: ProviderBatch, _ change: (inout ProviderBatch) -> Void) -> ProviderBatch {
        var changed = batch
        change(&changed)
        return changed
    }

    static func object(_ status: BatchObject.Status, errors: [String] = [], id: String = "batch_1") -> BatchObject {
        var object = BatchObject(["id": .string(id), "status": "in_progress", "input_file_id": "file-1"])!  // is one
        object.status = status
        object.errors = errors.map { BatchObject.InputError(code: $0, message: "words", line: 3) }
        if status == .completed { (object.outputFileID, object.errorFileID) = ("out", "err") }
        return object
    }

    static func failed(_ code: String) -> BatchOutcome { .status(object(.failed, errors: [code])) }
    /// An error in the provider's own form, or of a gateway.
    static func api(
        _ status: Int, _ code: String? = nil, lost: Bool = false, gateway: Bool = false
    ) -> OpenAIError {
        var error = OpenAIError(.api(status: status, code: code, message: "words"), mayHaveArrived: lost)
        error.isFromProvider = !gateway
        return error
    }
    static let busy = OpenAIError(.rateLimited, retryAfter: 30)
    /// All eight lines of ``batch(_:lines:age:failures:setbacks:refusals:inline:)``.
    static let whole = FilesRead(completed: 7, failed: 1)
    static let gone = OpenAIError(.timedOut, mayHaveArrived: true)

    /// One line for a verdict, so that a transcript reads as text.
    static func line(_ batch: ProviderBatch, _ verdict: BatchVerdict) -> String {
        var words = ["\(verdict.name.rawValue): \(batch.state.rawValue) -> \(verdict.move.to.rawValue)"]
        if verdict.move.waitSeconds > 0 { words.append("wait \(verdict.move.waitSeconds)") }
        if let error = verdict.move.error { words.append("error '\(error)'") }
        switch verdict.message {
        case .unchanged: break
        case .cleared: words.append("cleared")
        case .says(let text): words.append(text == verdict.move.error ? "says so" : "says '\(text)'")
        }
        let counts = (verdict.move.failures, verdict.move.setbacks, verdict.move.refusals)
        if counts != (0, 0, 0) { words.append("counts \(counts.0) \(counts.1) \(counts.2)") }
        let known: [(String, String?)] = [
            ("account", verdict.move.account), ("file", verdict.move.file), ("batch", verdict.move.batchID),
            ("built", verdict.move.positions.map { "\($0) \(verdict.move.bytes ?? 0)" }),
            ("provider", verdict.move.providerStatus), ("out", verdict.move.outputFile),
            ("err", verdict.move.errorFile),
        ]
        words += known.compactMap { name, value in value.map { "\(name) \($0)" } }
        let flags = [
            (verdict.move.isRecalled, "recalled"), (verdict.move.isHeldUp, "held up"), (verdict.isHalved, "halved"),
            (verdict.removesRow, "row removed"), (verdict.namesBatch, "named"),
            (verdict.move.endsAttempt, "attempt ended"), (verdict.move.becomesStray, "becomes a stray"),
            (verdict.move.lostCreations > batch.lostCreations, "creation lost"),
            (verdict.move.denials > batch.denials, "denied"), (verdict.move.shortReads > batch.shortReads, "short"),
        ]
        words += verdict.strays.map { "stray \($0.id)" }
        switch verdict.move.look {
        case .unchanged: break
        case .done: words.append("looked")
        case .after(let seconds): words.append("look again in \(seconds)")
        }
        if let seconds = verdict.slowSeconds { words.append("slow \(seconds)") }
        words += flags.compactMap { $0 ? $1 : nil }
        words += verdict.page.answers.map { "answer \($0.position)" }
        words += verdict.page.failures.map { "failure \($0.failure.position)\($0.failure.curable ? " curable" : "")" }
        words += verdict.usage.map { "usage \($0.model) \($0.tokens.input)+\($0.tokens.output)" }
        switch verdict.then {
        case .goOn: break
        case .pause: words.append("then pause")
        case .failOpenLots: words.append("then all lots fail")
        }
        return words.joined(separator: "; ")
    }

    func check(
        _ batch: ProviderBatch, _ outcome: BatchOutcome, _ expected: String, _ facts: BatchFacts = Self.facts(),
        at place: SourceLocation = #_sourceLocation
    ) throws {
        let verdict = try BatchMachine.after(batch, outcome, facts)
        #expect(Self.line(batch, verdict) == expected, sourceLocation: place)
    }

    static let answer = ModelAnswer(fields: [("damages", "<p>x</p>")], model: "m-1", usage: Usage(input: 7, output: 2))

    @Test("C5.1: one lot ahead of its stage: its answer is used; an unknown outcome is never requested again")
    func asking() throws {
        let asking = Self.batch(.asking)
        try check(asking, .answered(position: 4, Self.answer), "answers: asking -> collected; cleared; answer 4")
        try check(
            asking, .askFailed(position: 4, OpenAIError(.refused("no"))), "answers: asking -> collected; failure 4")
        try check(
            asking, .askFailed(position: 4, OpenAIError(.malformed("x"))),
            "answers: asking -> collected; failure 4 curable")
        try check(
            asking, .askFailed(position: 4, Self.gone),
            "abandon: asking -> abandoned; error 'OpenAI did not answer in time'")
        try check(
            asking, .askFailed(position: 4, OpenAIError(.quota)),
            "dropAsking: asking -> asking; says 'The service's OpenAI quota is used up'; row removed; then pause")
        try check(
            asking, .askFailed(position: 4, Self.api(400, "unknown_parameter")),
            "abandon: asking -> abandoned; error 'OpenAI answered 400 (unknown_parameter): words'; then all lots fail")
        try check(asking, .givenUp(.answerLost), "abandon: asking -> abandoned; error 'The direct answer was lost'")
        try check(asking, .askedAll(AskedLots(answered: 3)), "collected: asking -> collected; cleared")
        for lots in [AskedLots(answered: 3, stop: Self.busy), AskedLots(failed: 1, stop: Self.busy)] {
            try check(
                asking, .askedAll(lots),
                "collected: asking -> collected; says 'OpenAI's rate limit was reached'; then pause")
        }
        // Nothing was done: a day of refusals leaves no rows.
        try check(
            asking, .askedAll(AskedLots(stop: Self.busy)),
            "dropAsking: asking -> asking; says 'OpenAI's rate limit was reached'; row removed; then pause")
        try check(
            asking, .askedAll(AskedLots(stop: Self.api(400, "unknown_parameter"))),
            "abandon: asking -> abandoned; error 'OpenAI answered 400 (unknown_parameter): words'; then all lots fail")
    }

    @Test("C5.4: an image that the provider could not download is curable only if it was not sent inline")
    func images() throws {
        let error = Self.api(400, "failed_to_download_image")
        try check(
            Self.batch(.asking), .askFailed(position: 1, error), "answers: asking -> collected; failure 1 curable")
        try check(
            Self.batch(.asking, inline: true), .askFailed(position: 1, error),
            "answers: asking -> collected; failure 1")
    }

    @Test("C5.1: an upload with a lost reply stays an intent; a refused one is planned again")
    func uploading() throws {
        let planned = Self.batch(.planned, failures: 2)
        try check(
            planned, .built(positions: [1, 2], bytes: 90),
            "uploadIntent: planned -> uploading; counts 2 0 0; account mine; built [1, 2] 90")
        try check(
            planned, .built(positions: [], bytes: 0),
            "abandon: planned -> abandoned; error 'None of its lots could be sent'")
        let uploading = Self.batch(.uploading, failures: 2)
        try check(uploading, .uploaded(file: "f"), "file: uploading -> uploaded; file f")
        try check(
            uploading, .uploadFailed(Self.gone),
            "postpone: uploading -> uploading; wait 3.0; error 'OpenAI did not answer in time'; says so; counts 3 0 0")
        try check(
            uploading, .uploadFailed(Self.busy),
            "postpone: uploading -> planned; wait 30.0; error 'OpenAI's rate limit was reached'; says so; counts 3 0 0")
        try check(uploading, .foundUpload(file: "f"), "review: uploading -> uploaded; file f")
        try check(uploading, .foundUpload(file: nil), "review: uploading -> planned; counts 2 0 0")
        try check(
            uploading, .failed(OpenAIError(.unavailable)),
            "postpone: uploading -> uploading; wait 3.0; error 'OpenAI could not be reached'; says so; counts 3 0 0")
    }

    @Test("C5.1: the intent comes before the creation; a reply names the batch")
    func creating() throws {
        let uploaded = Self.batch(.uploaded)
        try check(uploaded, .admitted, "createIntent: uploaded -> creating; account mine")
        try check(uploaded, .othersTurn, "postpone: uploaded -> uploaded; wait 30.0; error 'It is others' turn'")
        try check(uploaded, .noFile, "postpone: uploaded -> planned; wait 0.75; error 'no file'; counts 1 0 0")
        let creating = Self.batch(.creating, age: 5)
        try check(
            creating, .created(Self.object(.validating)),
            "batch: creating -> submitted; wait 30.0; batch batch_1; provider validating; named")
        try check(
            creating, .creationFailed(Self.busy),
            "postpone: creating -> uploaded; wait 30.0; error 'OpenAI's rate limit was reached'; says so; counts 1 0 0")
        try check(
            creating, .failed(OpenAIError(.unavailable)),
            "postpone: creating -> creating; wait 0.75; error 'OpenAI could not be reached'; says so; counts 1 0 0")
    }

    @Test("C5.4: a refused creation is planned again a bounded number of times")
    func refusedCreation() throws {
        let words = "'OpenAI answered 400: words'"
        try check(
            Self.batch(.creating, setbacks: 4), .creationFailed(Self.api(400)),
            "postpone: creating -> planned; wait 12.0; error \(words); says so; counts 1 5 0")
        try check(
            Self.batch(.creating, setbacks: 5), .creationFailed(Self.api(400)),
            "abandon: creating -> abandoned; error \(words); says so; counts 0 5 0")
        // A gateway's page says nothing about the file, nor whether the batch was made behind it.
        try check(
            Self.batch(.creating, setbacks: 5), .creationFailed(Self.api(404, gateway: true)),
            "postpone: creating -> creating; wait 0.75; error 'OpenAI answered 404: words'; says "
                + "'OpenAI answered 404: words. Does the provider at OPENAI_BASE_URL have POST /batches?'; "
                + "counts 1 5 0; attempt ended")
    }

    @Test("C5.4: a polled batch continues, ends, or fails for one of five reasons")
    func polling() throws {
        let submitted = Self.batch(.submitted, failures: 3)
        try check(
            submitted, .status(Self.object(.inProgress)),
            "poll: submitted -> submitted; wait 30.0; cleared; provider inProgress")
        try check(
            submitted, .status(Self.object(.completed)),
            "poll: submitted -> ended; cleared; provider completed; out out; err err")
        try check(submitted, .status(Self.object(.expired)), "poll: submitted -> ended; cleared; provider expired")
        try check(
            Self.batch(.submitted), Self.failed("server_error"),
            "postpone: submitted -> uploaded; wait 30.0; error 'OpenAI could not run the batch'; counts 1 1 0")
        try check(
            Self.batch(.submitted, setbacks: 5), Self.failed("server_error"),
            "abandon: submitted -> abandoned; error 'OpenAI could not run the batch'; counts 0 5 0")
        try check(
            submitted, Self.failed("insufficient_quota"),
            "holdUp: submitted -> abandoned; error 'The service's OpenAI quota is used up'; says so; held up")
        try check(
            submitted, Self.failed("model_not_found"),
            "holdUp: submitted -> abandoned; error 'None of the configured OpenAI models is available'; says so; "
                + "held up"
        )
        let words = "'OpenAI refused the batch in line 3 (invalid_json_line): words'"
        try check(
            submitted, Self.failed("invalid_json_line"), "halve: submitted -> abandoned; error \(words); halved")
        try check(
            submitted, Self.failed("invalid_json_line"), "abandon: submitted -> abandoned; error \(words)",
            Self.facts(cuts: 64))
        try check(
            Self.batch(.submitted, lines: 1), Self.failed("invalid_json_line"),
            "abandon: submitted -> abandoned; error \(words)")
    }

    @Test("C5.4: a batch waits for a full queue; a batch alone in it is too large and is split")
    func fullQueue() throws {
        let full = "'OpenAI's queue of batches is full'"
        try check(
            Self.batch(.submitted), .queueFull(others: 500),
            "postpone: submitted -> uploaded; wait 30.0; error \(full); says so; counts 1 0 1")
        try check(
            Self.batch(.submitted, refusals: 9), .queueFull(others: 500),
            "postpone: submitted -> uploaded; wait 45.0; error \(full); says so; counts 1 0 10")
        try check(
            Self.batch(.submitted), .queueFull(others: 0),
            "halve: submitted -> abandoned; error \(full); says so; halved")
        try check(
            Self.batch(.submitted, lines: 1), .queueFull(others: 0),
            "postpone: submitted -> uploaded; wait 30.0; error \(full); says so; counts 1 0 1")
        try check(
            Self.batch(.submitted, lines: 32), .queueFull(others: 0),
            "postpone: submitted -> uploaded; wait 30.0; error \(full); says so; counts 1 0 1", Self.facts(cuts: 64))
    }

    @Test("C5.4: a late batch is cancelled, and keeps its answers")
    func recalling() throws {
        try check(
            Self.batch(.submitted, failures: 1), .recalled(Self.object(.cancelling)),
            "lateRecall: submitted -> submitted; wait 30.0; counts 1 0 0; provider cancelling; recalled")
        // The provider answered 409 although the batch runs on: it is cancelled again.
        try check(
            Self.batch(.submitted), .recalled(Self.object(.inProgress)),
            "poll: submitted -> submitted; wait 30.0; cleared; provider inProgress")
        try check(
            Self.batch(.submitted), .givenUp(.deadlineNear),
            "letGo: submitted -> submitted; error 'The job's deadline was near'; becomes a stray")
        try check(
            Self.batch(.ended), .givenUp(.deadlineNear),
            "letGo: ended -> ended; error 'The job's deadline was near'; becomes a stray")
        try check(
            Self.batch(.planned), .givenUp(.deadlineNear),
            "abandon: planned -> abandoned; error 'The job's deadline was near'")
    }

    @Test("C4.3, C5.9: an ended job cancels its batches at the provider, waits for them, and books their cost")
    func cleaningUp() throws {
        let ended = Self.facts(ended: true)
        let forgotten = "abandoned; error 'The job has ended'"
        for state in [ProviderBatchState.asking, .planned, .uploaded, .submitted] {
            try check(Self.batch(state), .givenUp(.jobEnded), "cleanUp: \(state.rawValue) -> \(forgotten)", ended)
        }
        try check(Self.batch(.uploading), .foundUpload(file: nil), "cleanUp: uploading -> \(forgotten)", ended)
        let submitted = Self.batch(.submitted)
        try check(
            submitted, .recalled(Self.object(.cancelling)),
            "recall: submitted -> submitted; wait 30.0; provider cancelling; recalled", ended)
        try check(
            submitted, .status(Self.object(.cancelled)), "poll: submitted -> ended; provider cancelled", ended)
        try check(submitted, Self.failed("server_error"), "cleanUp: submitted -> \(forgotten)", ended)
        // The cancellation was refused and the batch runs: it is sent again.
        for refused in [BatchOutcome.status(Self.object(.inProgress)), .recalled(Self.object(.inProgress))] {
            try check(
                submitted, refused, "poll: submitted -> submitted; wait 30.0; provider inProgress", ended)
        }
        try check(
            submitted, .failed(Self.busy),
            "postpone: submitted -> submitted; wait 30.0; error 'OpenAI's rate limit was reached'; counts 1 0 0", ended)
        try check(
            Self.batch(.ended), .booked([ModelUsage(model: "m-1", Usage(input: 5, output: 1))], Self.whole),
            "book: ended -> collected; usage m-1 5+1", ended)
    }

    @Test("C4.3: a batch made during the loss of the lease is dropped only if no search would find it")
    func orphans() {
        let creating = Self.batch(.creating)
        var unnamed = creating
        unnamed.batchID = nil
        var adopted = creating
        adopted.batchID = "batch_2"
        let made = BatchOutcome.created(Self.object(.validating, id: "batch_3"))
        func orphan(_ outcome: BatchOutcome, _ hasEnded: Bool?, _ rows: [ProviderBatch]?) -> Orphan? {
            BatchMachine.orphan(of: outcome, unnamed, jobHasEnded: hasEnded, rows: rows)
        }
        #expect(orphan(.uploaded(file: "f"), true, nil) == .file("f"))
        #expect(orphan(.uploaded(file: "f"), false, []) == nil && orphan(.uploaded(file: "f"), nil, nil) == nil)
        #expect(orphan(made, true, nil) == .batch("batch_3"))
        // The new holder finds it, or has found it already.
        #expect(orphan(made, false, [unnamed]) == nil && orphan(made, nil, nil) == nil)
        // The row has another batch.
        #expect(orphan(made, false, [adopted]) == .batch("batch_3"))
    }
}
