// The verdicts that need a proof: that a creation came to nothing, that a batch is gone, that an answer file is whole.
// As transcripts; any thread.
import Testing

@testable import Engine

@Suite("The batch machine: proofs")
struct BatchProofTests {
    typealias Samples = BatchMachineTests
    static let now = Samples.now
    static let words = "'OpenAI answered 404: words'"

    func check(
        _ batch: ProviderBatch, _ outcome: BatchOutcome, _ expected: String,
        _ facts: BatchFacts = Samples.facts(), at place: SourceLocation = #_sourceLocation
    ) throws {
        let verdict = try BatchMachine.after(batch, outcome, facts)
        #expect(Samples.line(batch, verdict) == expected, sourceLocation: place)
    }

    /// A creation whose attempt ended `ended` seconds ago, or never if nil.
    static func creating(age: Double, ended: Double?, lost: Int = 0, slowest: Double = 0) -> ProviderBatch {
        Samples.with(Samples.batch(.creating, age: age)) {
            $0.attemptEndedAt = ended.map { now + -$0 }
            ($0.lostCreations, $0.slowestSeconds) = (lost, slowest)
        }
    }

    // MARK: A creation of unknown outcome

    @Test("C5.1: a creation without a reply stays an intent, and its settling time counts from the attempt's end")
    func attemptEnds() throws {
        try check(
            Samples.batch(.creating), .creationFailed(Samples.gone),
            "postpone: creating -> creating; wait 0.75; error 'OpenAI did not answer in time'; counts 1 0 0; "
                + "attempt ended")
        let says = "says '\(BatchMachine.unsettledReason)'"
        try check(
            Self.creating(age: 121, ended: 1), .listed([]), "settle: creating -> creating; wait 30.25; \(says)")
        try check(
            Self.creating(age: 715, ended: 595), .listed([]), "settle: creating -> creating; wait 5.0; \(says)")
        try check(
            Self.creating(age: 720, ended: 600), .listed([]), "settle: creating -> uploaded; creation lost")
    }

    @Test("C5.1: after a crash the attempt may have lasted as long as the call may")
    func afterCrash() throws {
        let says = "says '\(BatchMachine.unsettledReason)'"
        try check(
            Self.creating(age: 779, ended: nil), .listed([]), "settle: creating -> creating; wait 1.0; \(says)")
        try check(
            Self.creating(age: 780, ended: nil), .listed([]), "settle: creating -> uploaded; creation lost")
    }

    @Test("C5.1: the settling time grows with the account's slowest creation and with each lost one")
    func growing() {
        let facts = Samples.facts()
        func settled(lost: Int, slowest: Double) -> Double {
            BatchMachine.settleSeconds(Self.creating(age: 1, ended: 0, lost: lost, slowest: slowest), facts)
        }
        #expect(settled(lost: 0, slowest: 0) == 600 && settled(lost: 0, slowest: 200) == 600)
        #expect(settled(lost: 0, slowest: 900) == 1800 && settled(lost: 2, slowest: 0) == 2400)
        #expect(settled(lost: 60, slowest: 1800) == 6 * 3600)
    }

    @Test("C5.1: looks at the list become rarer, and the last one comes after the settling time")
    func cadence() {
        var (looks, age) = (0, 120.0)
        while let seconds = BatchMachine.secondsToLook(Self.creating(age: age, ended: age - 120), Samples.facts()) {
            looks += 1
            age += seconds
        }
        #expect(age == 720 && looks < 20)
    }

    @Test("C5.1: a batch that turns up is adopted, the others become strays, and the list is looked at again")
    func adoption() throws {
        let first = Samples.with(Samples.object(.inProgress)) { $0.createdAt = 5 }
        let second = Samples.with(Samples.object(.validating, id: "batch_2")) { $0.createdAt = 9 }
        try check(
            Self.creating(age: 130, ended: 10), .listed([second, first]),
            "batch: creating -> submitted; wait 30.0; batch batch_1; provider inProgress; stray batch_2; "
                + "look again in 600.0; slow 130.0; named")
        // One that has its answers comes first. After a crash nobody knows how long the creation took.
        let done = Samples.with(second) { $0.status = .completed }
        try check(
            Self.creating(age: 130, ended: nil), .listed([first, done]),
            "batch: creating -> submitted; wait 30.0; batch batch_2; provider completed; stray batch_1; "
                + "look again in 600.0; named")
        // A second creation was answered: the first one may still turn up.
        try check(
            Self.creating(age: 3, ended: nil, lost: 1), .created(first),
            "batch: creating -> submitted; wait 30.0; batch batch_1; provider inProgress; look again in 1200.0; named")
        // A batch of an earlier file of the row is a stray, not its own.
        let other = Samples.with(second) {
            ($0.inputFileID, $0.metadata) = ("file-0", [("generation_shard", Samples.batch(.creating).id.description)])
        }
        try check(
            Self.creating(age: 720, ended: 600), .listed([other]),
            "settle: creating -> uploaded; stray batch_2; creation lost")
    }

    @Test("C5.1: under another key a list that lacks the batch proves nothing; nor does an unusable id")
    func unknown() throws {
        try check(
            Self.creating(age: 3600, ended: 3500), .listed([]),
            "postpone: creating -> creating; wait 0.75; error '\(BatchMachine.hiddenReason)'; says so; counts 1 0 0",
            Samples.facts(account: "another"))
        try check(
            Self.creating(age: 27 * 3600, ended: 27 * 3600), .listed([]),
            "settle: creating -> uploaded; creation lost", Samples.facts(account: "another"))
        let odd = Samples.object(.validating, id: "a\0b")
        #expect(!odd.hasUsableID)
        for outcome in [BatchOutcome.created(odd), .listed([odd])] {
            let verdict = try BatchMachine.after(Self.creating(age: 9000, ended: 8000), outcome, Samples.facts())
            #expect(verdict.move.to == .creating && verdict.message == .says(BatchMachine.oddIDReason))
        }
    }

    @Test("C5.1: a batch is found by its metadata and its file alone")
    func identity() {
        let row = Samples.batch(.creating)
        let key = ("generation_shard", row.id.description)
        func object(_ metadata: [(String, String)], _ file: String) -> BatchObject {
            Samples.with(Samples.object(.inProgress)) { ($0.metadata, $0.inputFileID) = (metadata, file) }
        }
        #expect(BatchMachine.isBatch(object([key], "file-1"), of: row))
        #expect(BatchMachine.isBatch(object([key], ""), of: row))
        #expect(BatchMachine.isBatch(object([], "file-1"), of: row))
        #expect(!BatchMachine.isBatch(object([], ""), of: row))
        #expect(!BatchMachine.isBatch(object([key], "file-2"), of: row))
        #expect(!BatchMachine.isBatch(object([("generation_shard", "another")], "file-1"), of: row))
        #expect(BatchMachine.isOurs(object([key], "file-2"), row) && !BatchMachine.isOurs(object([], "file-2"), row))
    }

    @Test("C4.3, C5.9: a cancelled job's batch is awaited, and cancelled when it turns up")
    func afterEnd() throws {
        let ended = Samples.facts(ended: true)
        try check(Self.creating(age: 121, ended: 1), .listed([]), "settle: creating -> creating; wait 30.25", ended)
        try check(
            Self.creating(age: 720, ended: 600), .listed([]),
            "cleanUp: creating -> abandoned; error 'The job has ended'", ended)
        try check(
            Self.creating(age: 130, ended: 10),
            .listed([Samples.object(.inProgress), Samples.object(.inProgress, id: "batch_2")]),
            "stray: creating -> submitted; batch batch_1; provider inProgress; stray batch_2; look again in 600.0",
            ended)
        let uploaded = Samples.with(Samples.batch(.uploaded)) { $0.lostCreations = 1 }
        try check(
            uploaded, .givenUp(.jobEnded),
            "cleanUp: uploaded -> abandoned; error 'The job has ended'; look again in 1200.0", ended)
    }

    @Test("C5.4: near the deadline an unsettled creation is given up, and looked for later")
    func unsettledDeadline() throws {
        try check(
            Self.creating(age: 130, ended: 10), .givenUp(.deadlineNear),
            "abandon: creating -> abandoned; error 'The job's deadline was near'; look again in 600.0")
    }

    @Test("C5.1: a late look finds strays, and looks again where it found one")
    func late() throws {
        for state in [ProviderBatchState.submitted, .ended, .collected, .abandoned] {
            let name = state.rawValue
            try check(Samples.batch(state), .looked(.success([])), "look: \(name) -> \(name); looked")
            try check(
                Samples.batch(state), .looked(.success([Samples.object(.inProgress, id: "batch_9")])),
                "look: \(name) -> \(name); stray batch_9; look again in 600.0")
            try check(
                Samples.batch(state), .looked(.failure(Samples.api(500))),
                "look: \(name) -> \(name); look again in 60.0")
        }
        try check(
            Samples.batch(.collected), .looked(.success([])),
            "look: collected -> collected; look again in 600.0", Samples.facts(account: "another"))
        try check(
            Samples.batch(.collected, age: 27 * 3600), .looked(.failure(Samples.api(500))),
            "look: collected -> collected; looked")
    }

    @Test("C5.9: a stray is cancelled and booked although its job goes on")
    func strays() throws {
        let stray = Samples.with(Samples.batch(.submitted)) { $0.isStray = true }
        try check(
            stray, .recalled(Samples.object(.cancelling)),
            "recall: submitted -> submitted; wait 30.0; provider cancelling; recalled")
        try check(
            stray, .status(Samples.object(.cancelled)), "poll: submitted -> ended; provider cancelled")
        try check(
            Samples.with(stray) { $0.state = .ended },
            .booked([ModelUsage(model: "m-1", Usage(input: 5, output: 1))], Samples.whole),
            "book: ended -> collected; usage m-1 5+1")
    }

    // MARK: Not found

    @Test("a 404 proves nothing: the batch is asked again, and only the provider's own word counts")
    func denied() throws {
        for state in [ProviderBatchState.submitted, .ended] {
            let name = state.rawValue
            let asked = "postpone: \(name) -> \(name); wait 0.75; error"
            try check(
                Samples.batch(state), .failed(Samples.api(404)),
                "\(asked) \(Self.words); says so; counts 1 0 0; denied")
            try check(
                Samples.batch(state), .failed(Samples.api(404, gateway: true)),
                "\(asked) \(Self.words); says so; counts 1 0 0")
            try check(
                Samples.batch(state), .failed(Samples.api(404)),
                "\(asked) '\(BatchMachine.hiddenReason)'; says so; counts 1 0 0", Samples.facts(account: "another"))
            try check(
                Samples.batch(state), .failed(Samples.api(500)),
                "\(asked) 'OpenAI answered 500: words'; says so; counts 1 0 0")
            try check(
                Samples.batch(state), .failed(Samples.api(404)),
                "\(asked) \(Self.words); counts 1 0 0; denied", Samples.facts(ended: true))
        }
    }

    @Test("a batch that the provider denies again and again, and does not list, is gone; its answers so far count")
    func gone() throws {
        try check(
            Samples.batch(.submitted), .gone(Samples.api(404)),
            "abandon: submitted -> abandoned; error \(Self.words); says so; look again in 600.0")
        try check(
            Samples.batch(.ended), .gone(Samples.api(404)), "collected: ended -> collected; error \(Self.words)")
        try check(
            Samples.batch(.submitted), .gone(Samples.api(404)),
            "cleanUp: submitted -> abandoned; error 'The job has ended'", Samples.facts(ended: true))
    }

    @Test(
        "it takes ten denials over half an hour before the list is asked",
        arguments: [(9, 3600), (10, 1799), (10, 1800)] as [(Int, Double)])
    func patience(_ denials: Int, _ seconds: Double) {
        let batch = Samples.with(Samples.batch(.submitted)) {
            ($0.denials, $0.deniedSince) = (denials, Self.now + -seconds)
        }
        #expect(BatchMachine.isDenied(batch, Self.now) == (denials == 10 && seconds >= 1800))
        var alive = batch
        alive.denials = 3
        let verdict = try? BatchMachine.after(alive, .status(Samples.object(.inProgress)), Samples.facts())
        #expect(verdict?.move.denials == 0)
    }

    // MARK: Whole files

    static func ended(
        _ counts: LineCounts?, reads: Int = 0, since: Double = 0, errors: Bool = true
    ) -> ProviderBatch {
        Samples.with(Samples.batch(.ended)) {
            ($0.counts, $0.outputFileID, $0.errorFileID) = (counts, "out", errors ? "err" : nil)
            ($0.shortReads, $0.shortSince) = (reads, reads > 0 ? now + -since : nil)
        }
    }

    @Test("an answer file is whole when its readable lines agree with the provider's counts")
    func wholeness() {
        func wholeness(_ read: FilesRead, _ batch: ProviderBatch) -> BatchMachine.Wholeness {
            BatchMachine.wholeness(read, of: batch)
        }
        let counts = LineCounts(completed: 6, failed: 2)
        #expect(wholeness(FilesRead(completed: 6, failed: 2), Self.ended(counts)) == .whole)
        #expect(wholeness(FilesRead(completed: 5, failed: 2), Self.ended(counts)) == .short(isCounted: true))
        #expect(wholeness(FilesRead(completed: 6, failed: 1), Self.ended(counts)) == .short(isCounted: true))
        #expect(wholeness(FilesRead(completed: 5, failed: 2, skipped: 1), Self.ended(counts)) == .whole)
        // An expired batch: lines that never ran are in no count.
        let expired = LineCounts(completed: 1, failed: 0)
        #expect(wholeness(FilesRead(completed: 1, failed: 7), Self.ended(expired)) == .whole)
        #expect(wholeness(FilesRead(completed: 1), Self.ended(expired, errors: false)) == .whole)
        #expect(wholeness(FilesRead(failed: 7), Self.ended(expired)) == .short(isCounted: true))
        // Gateways that count failed lines as completed: every line has come back.
        let together = LineCounts(completed: 8, failed: 0)
        #expect(wholeness(FilesRead(completed: 6, failed: 2), Self.ended(together)) == .whole)
        #expect(wholeness(FilesRead(unreadable: 1), Self.ended(nil)) == .short(isCounted: false))
        #expect(wholeness(FilesRead(completed: 3), Self.ended(nil)) == .whole)
        #expect(wholeness(FilesRead(), Samples.batch(.ended)) == .whole)
    }

    @Test("C5.4: a file that is not whole is read again over minutes, then slowly; its batch is kept and says so")
    func rereading() throws {
        let counts = LineCounts(completed: 8, failed: 0)
        let page = BatchOutcome.collected(heldUp: nil, FilesRead(completed: 3, unreadable: 4))
        let says =
            "error 'OpenAI's answer files have only 3 of 8 readable lines; they are read again'; says so; short"
        try check(Self.ended(counts), page, "reread: ended -> ended; wait 0.75; \(says)")
        try check(
            Self.ended(counts, reads: 9, since: 300), page, "reread: ended -> ended; wait 45.0; \(says)")
        try check(
            Self.ended(counts, reads: 20, since: 900), page, "reread: ended -> ended; wait 600.0; \(says)")
        try check(
            Self.ended(counts, reads: 20, since: 900), page, "reread: ended -> ended; wait 90.0; \(says)",
            Samples.facts(left: 90))
        // Near the deadline what is there has to do. So it does after minutes if nothing proves that lines are missing.
        try check(
            Self.ended(counts, reads: 20, since: 900), page, "collected: ended -> collected; cleared",
            Samples.facts(left: 0))
        let blank = BatchOutcome.collected(heldUp: nil, FilesRead(unreadable: 1))
        #expect(try BatchMachine.after(Self.ended(nil), blank, Samples.facts()).move.to == .ended)
        try check(
            Self.ended(nil, reads: 15, since: 601), blank, "collected: ended -> collected; cleared")
    }

    @Test("C5.4: answers are collected; lines that the account could not run delay the batch")
    func collecting() throws {
        try check(
            Samples.batch(.ended), .collected(heldUp: nil, Samples.whole), "collected: ended -> collected")
        try check(
            Samples.batch(.ended, failures: 2), .collected(heldUp: nil, Samples.whole),
            "collected: ended -> collected; cleared")
        try check(
            Samples.batch(.ended), .collected(heldUp: OpenAIError(.quota), Samples.whole),
            "holdUp: ended -> abandoned; error 'The service's OpenAI quota is used up'; says so; held up")
    }

    @Test("C5.4: a completed batch without files is looked at again over minutes before it counts")
    func withoutFiles() throws {
        let bare = Samples.with(Samples.object(.completed)) { ($0.outputFileID, $0.errorFileID) = (nil, nil) }
        let error = "error '\(BatchMachine.noFilesReason)'; says so; short"
        try check(
            Samples.batch(.submitted), .status(bare), "reread: submitted -> submitted; wait 0.75; \(error)")
        let long = Samples.with(Samples.batch(.submitted)) {
            ($0.shortReads, $0.shortSince) = (15, Self.now + -601)
        }
        try check(long, .status(bare), "poll: submitted -> ended; cleared; provider completed")
        // Answers that the provider counts are awaited for as long as there is time.
        let counted = Samples.with(bare) { $0.counts = LineCounts(completed: 3, failed: 0) }
        try check(long, .status(counted), "reread: submitted -> submitted; wait 600.0; \(error)")
        let cancelled = Samples.object(.cancelled)
        try check(
            Samples.batch(.submitted), .status(cancelled), "poll: submitted -> ended; cleared; provider cancelled")
    }

    @Test("C5.9: the cost of an ended job's batch is booked once its files are whole")
    func booking() throws {
        let counts = LineCounts(completed: 8, failed: 0)
        let short = BatchOutcome.booked([], FilesRead(completed: 2))
        let verdict = try BatchMachine.after(Self.ended(counts), short, Samples.facts(ended: true))
        #expect(verdict.move.to == .ended && verdict.message == .unchanged && verdict.move.waitSeconds == 0.75)
        let old = Samples.with(Self.ended(counts)) { $0.intentAt = Self.now + -27 * 3600 }
        try check(old, short, "book: ended -> collected", Samples.facts(ended: true))
    }
}

extension BatchMachineTests {
    static func with(_ object: BatchObject, _ change: (inout BatchObject) -> Void) -> BatchObject {
        var changed = object
        change(&changed)
        return changed
    }
}
