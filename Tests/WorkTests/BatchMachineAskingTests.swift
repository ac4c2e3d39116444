// A lot that is asked for ahead of its stage, and calls that are refused for certain: transcripts. Any thread.
import Testing

@testable import Engine

@Suite("The batch machine: whose fault it is")
struct BatchMachineAskingTests {
    typealias Samples = BatchMachineTests

    /// The verdict on a direct call of the lot at position 4.
    private func asked(_ example: FaultExample, vain: Int = 0, unexplained: Int = 0) throws -> String {
        var facts = Samples.facts()
        (facts.vainAsks, facts.unexplainedAsks) = (vain, unexplained)
        let batch = Samples.batch(.asking)
        return Samples.line(batch, try BatchMachine.after(batch, .askFailed(position: 4, example.error), facts))
    }

    private func line(
        _ batch: ProviderBatch, _ outcome: BatchOutcome, cuts: Int = 0, proven: Int = 1
    ) throws -> String {
        var facts = Samples.facts(cuts: cuts)
        facts.provenAsks = proven
        return Samples.line(batch, try BatchMachine.after(batch, outcome, facts))
    }

    @Test("a passing trouble leaves a row that says when to ask again, and waits longer each time")
    func passing() throws {
        let busy = FaultExample(429, "rate_limit_exceeded", .service)
        let words = "error 'OpenAI's rate limit was reached'; says so; counts 0 1 0"
        #expect(try asked(busy) == "dropAsking: asking -> abandoned; wait 0.75; \(words)")
        #expect(try asked(busy, vain: 4) == "dropAsking: asking -> abandoned; wait 12.0; \(words)")
        #expect(
            try asked(FaultExample(404, body: "<html>", .between)).hasPrefix(
                "dropAsking: asking -> abandoned; wait 0.75"))
    }

    @Test("a lot that is too large for direct calls goes with the batch, and another lot is asked for")
    func oversized() throws {
        let large = FaultExample(429, "rate_limit_exceeded", .lot, says: "Request too large for m on TPM")
        #expect(try asked(large) == "answers: asking -> collected; counts 0 1 0; failure 4 curable")
    }

    @Test("a refusal of the form stops the stage; an unexplained one does so when three lots have met it")
    func form() throws {
        let form = FaultExample(400, "invalid_value", .form, param: "max_output_tokens")
        #expect(
            try asked(form)
                == "abandon: asking -> abandoned; error 'OpenAI answered 400 (invalid_value): m'; then all lots fail")
        let odd = FaultExample(400, "new_code", .lot)
        #expect(try asked(odd) == "answers: asking -> collected; counts 0 1 1; failure 4")
        #expect(try asked(odd, vain: 2, unexplained: 1) == "answers: asking -> collected; counts 0 1 1; failure 4")
        #expect(
            try asked(odd, vain: 2, unexplained: 2)
                == "abandon: asking -> abandoned; error 'OpenAI answered 400 (new_code): m'; then all lots fail")
        #expect(try asked(FaultExample(400, "content_filter", .lot)) == "answers: asking -> collected; failure 4")
    }

    @Test("a call that a gateway gave up may have been paid for: it is not repeated")
    func unknown() throws {
        for status in [502, 503, 504] {
            #expect(
                try asked(FaultExample(status, body: "", .between)).hasPrefix("abandon: asking -> abandoned; error"))
        }
        // An answer that failed may have cost something, so it counts as a try of the lot.
        #expect(
            try asked(FaultExample(200, "server_error", .service)) == "answers: asking -> collected; failure 4 curable")
    }

    @Test("a file that is too large is cut in two; a single line is given up; nothing is cut without end")
    func largeFile() throws {
        let error = FaultExample(400, nil, .lot, says: "File is too large.", at: .uploadFile).error
        let words = "error 'OpenAI answered 400: File is too large.'"
        let uploading = Samples.batch(.uploading)
        #expect(try line(uploading, .uploadFailed(error)) == "halve: uploading -> abandoned; \(words); halved")
        #expect(
            try line(Samples.batch(.uploading, lines: 1), .uploadFailed(error))
                == "abandon: uploading -> abandoned; \(words)")
        #expect(
            try line(uploading, .uploadFailed(error), cuts: 256)
                == "postpone: uploading -> planned; wait 0.75; \(words); says so; counts 1 0 0")
        let proxy = FaultExample(413, body: "<html>", .lot, .uploadFile).error
        #expect(try line(uploading, .uploadFailed(proxy)).hasPrefix("halve: uploading -> abandoned"))
    }

    @Test("a missing endpoint is asked for a few times an hour, and the job says so")
    func noEndpoint() throws {
        let files = FaultExample(404, body: "<html>", .between, .uploadFile).error
        let found = "OpenAI answered 404: no readable explanation"
        let question = "Does the provider at OPENAI_BASE_URL have"
        #expect(
            try line(Samples.batch(.uploading), .uploadFailed(files))
                == "postpone: uploading -> planned; wait 0.75; error '\(found)'; "
                + "says '\(found). \(question) POST /files?'; counts 1 0 0")
        #expect(
            try line(Samples.batch(.uploading, failures: 15), .uploadFailed(files)).contains("planned; wait 600.0"))
        let batches = FaultExample(404, body: #"{"detail":"Not Found"}"#, .between, .createBatch).error
        #expect(
            try line(Samples.batch(.creating, failures: 15), .creationFailed(batches))
                == "postpone: creating -> creating; wait 600.0; error '\(found)'; "
                + "says '\(found). \(question) POST /batches?'; counts 16 0 0; attempt ended")
        // Such a provider has no list either.
        #expect(
            try line(Samples.batch(.creating, failures: 15), .failed(batches))
                == "postpone: creating -> creating; wait 600.0; error '\(found)'; "
                + "says '\(found). \(question) POST /batches?'; counts 16 0 0")
        let form = FaultExample(400, "invalid_value", .form, param: "endpoint", at: .createBatch).error
        #expect(try line(Samples.batch(.creating), .creationFailed(form)).hasPrefix("postpone: creating -> uploaded"))
        // The next upload waits longer, also if the last one broke off in between.
        #expect(
            try line(Samples.batch(.uploading, failures: 3), .foundUpload(file: nil))
                == "review: uploading -> planned; counts 3 0 0")
    }

    @Test("a model that POST /batches does not know holds the batch up; if that goes on, it waits")
    func modelGone() throws {
        let gone = FaultExample(400, "model_not_found", .model, at: .createBatch).error
        let words = "error 'None of the configured OpenAI models is available (model_not_found: m)'; says so; held up"
        let creating = Samples.batch(.creating)
        #expect(try line(creating, .creationFailed(gone)) == "holdUp: creating -> abandoned; \(words)")
        #expect(
            try line(creating, .creationFailed(gone), proven: 6)
                == "holdUp: creating -> abandoned; wait 0.75; \(words)")
        #expect(try line(creating, .creationFailed(gone), proven: 21).contains("; wait 600.0;"))
    }

    // MARK: The next act

    private let next = BatchMachineNextTests()

    private func asks(_ number: Int, setbacks: Int = 1, notBefore: Timestamp? = nil) -> ProviderBatch {
        var batch = next.batch(number, .abandoned, round: 0, notBefore: notBefore)
        batch.setbacks = setbacks
        return batch
    }

    @Test("after a vain ask comes another one when it is due; after nine the stage goes on")
    func asksAgain() {
        let job = next.job(.processing, .visionAnalysis)
        #expect(next.next(job, [asks(1)]) == .probe(.vision))
        #expect(next.next(job, [asks(1), asks(2, notBefore: next.now + 5)]) == .wait(until: next.now + 5))
        #expect(next.next(job, (1...8).map { asks($0) }) == .probe(.vision))
        #expect(next.next(job, (1...9).map { asks($0) }) == .plan(.vision, round: 1))
        #expect(next.next(job, [asks(1), asks(2, setbacks: 0)]) == .plan(.vision, round: 1))
        // A later round never begins with an ask.
        #expect(next.next(job, [asks(1), next.batch(2, .collected)]) == .plan(.vision, round: 2))
    }

    @Test("a held-up batch is followed by an ask when its wait is over, and its round is planned again")
    func heldUp() {
        let job = next.job(.processing, .visionAnalysis)
        var heldUp = next.batch(3, .abandoned, notBefore: next.now + 5)
        heldUp.isHeldUp = true
        let first = asks(1, setbacks: 0)
        #expect(next.next(job, [first, heldUp]) == .wait(until: next.now + 5))
        heldUp.notBefore = next.now
        #expect(next.next(job, [first, heldUp]) == .probe(.vision))
        #expect(next.next(job, [first, heldUp, asks(4)]) == .probe(.vision))
        #expect(next.next(job, [first, heldUp, asks(4), asks(5, setbacks: 0)]) == .plan(.vision, round: 1))
    }

    @Test("each lot has three tries; lots without a failure come first")
    func choice() {
        func lot(_ position: Int, failures: Int = 0, curable: Bool = true) -> RemainingLot {
            RemainingLot(
                position: position, textBytes: 0, imageListBytes: 0, imageCount: 1, lastReason: nil,
                imageDownloadFailed: false, curable: curable, failures: failures)
        }
        let lots = [lot(0, failures: 1), lot(1), lot(2), lot(3, failures: 1, curable: false)]
        #expect(
            (0..<9).map { BatchMachine.choose(among: lots, vainAsks: $0)?.position } == [1, 1, 1, 2, 2, 2, 1, 1, 1])
        #expect(BatchMachine.choose(among: [lots[0], lots[3]], vainAsks: 5)?.position == 0)
        #expect(BatchMachine.choose(among: [lots[3]], vainAsks: 0) == nil)
    }
}
