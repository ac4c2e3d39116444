// The job machine as a transcript: rows in, the next step out. Any thread.
import Engine
import Testing

/// The machine as transcripts: rows in, next step out.
@Suite("The job machine")
struct JobMachineTests {
    let now = Timestamp(seconds: 1000)
    var later: Timestamp { now + 60 }

    func job(_ status: JobStatus, _ stage: JobStage, cleanup: Bool = false) -> JobRecord {
        JobRecord(
            id: Identifier(high: 1, low: 1), status: status, stage: stage, languages: ["en", "ru"], totalLots: 3,
            processedLots: 0, failedLots: 0, createdAt: Timestamp(seconds: 900), epoch: 1, cleanupPending: cleanup)
    }

    func batch(
        _ number: Int, _ state: ProviderBatchState, stage: WorkStage = .vision, round: Int = 1,
        notBefore: Timestamp? = nil
    ) -> ProviderBatch {
        ProviderBatch(
            id: Identifier(high: 2, low: UInt64(number)), stage: stage, round: round, sequence: number, state: state,
            model: "m", notBefore: notBefore ?? Timestamp(seconds: 0))
    }

    func next(_ job: JobRecord, _ batches: [ProviderBatch] = []) -> JobStep {
        JobMachine.next(job: job, batches: batches, now: now)
    }

    @Test("a job goes from the queue through its stages")
    func stages() {
        #expect(next(job(.pending, .queued)) == .begin)
        #expect(next(job(.processing, .imagePrefetch)) == .checkImages)
        #expect(next(job(.processing, .visionAnalysis)) == .open(.vision))
        #expect(next(job(.translating, .translation)) == .open(.translation))
        #expect(next(job(.translating, .finalizing)) == .finish)
        #expect(next(job(.completed, .done)) == .release)
        #expect(next(job(.failed, .imagePrefetch)) == .release)
        #expect(next(job(.cancelled, .visionAnalysis)) == .release)
    }

    @Test("a batch is uploaded, created, polled and collected, one committed state after the other")
    func batchLife() {
        let vision = job(.processing, .visionAnalysis)
        #expect(next(vision, [batch(1, .planned)]) == .upload(batch(1, .planned)))
        #expect(next(vision, [batch(1, .uploaded)]) == .create(batch(1, .uploaded)))
        #expect(next(vision, [batch(1, .submitted)]) == .poll(batch(1, .submitted)))
        #expect(next(vision, [batch(1, .ended)]) == .collect(batch(1, .ended)))
        #expect(next(vision, [batch(1, .collected)]) == .plan(.vision, round: 2))
    }

    @Test("C5.1: an intent without an outcome is looked into, never repeated blindly")
    func intents() {
        let vision = job(.processing, .visionAnalysis)
        #expect(next(vision, [batch(1, .uploading)]) == .reviewUpload(batch(1, .uploading)))
        #expect(next(vision, [batch(1, .creating)]) == .reconcile(batch(1, .creating)))
        #expect(next(vision, [batch(1, .canary, round: 0)]) == .abandonCanary(batch(1, .canary, round: 0)))
    }

    @Test("answers come first, then what is due in order; a batch that waits holds nobody up")
    func order() {
        let vision = job(.processing, .visionAnalysis)
        let waiting = batch(1, .submitted, notBefore: later)
        #expect(next(vision, [waiting, batch(2, .planned), batch(3, .ended)]) == .collect(batch(3, .ended)))
        #expect(next(vision, [waiting, batch(2, .planned)]) == .upload(batch(2, .planned)))
        #expect(next(vision, [waiting, batch(2, .submitted, notBefore: now + 5)]) == .wait(until: now + 5))
    }

    @Test("a stage looks at its own batches only, and plans the next round when none is open")
    func rounds() {
        let translating = job(.translating, .translation)
        #expect(next(translating, [batch(1, .collected)]) == .open(.translation))
        #expect(
            next(translating, [batch(1, .collected), batch(1, .abandoned, stage: .translation, round: 2)])
                == .plan(.translation, round: 3))
    }

    @Test("C4.3: a cancelled job takes back what is outside, then rests")
    func cleanUp() {
        let cancelled = job(.cancelled, .visionAnalysis, cleanup: true)
        #expect(next(cancelled, [batch(1, .collected), batch(2, .submitted)]) == .cleanUp(batch(2, .submitted)))
        #expect(next(cancelled, [batch(1, .creating, notBefore: later)]) == .wait(until: later))
        #expect(next(cancelled, [batch(1, .collected), batch(2, .abandoned)]) == .endCleanUp)
    }
}

@Suite("The batch planner")
struct BatchPlannerTests {
    func lines(_ count: Int, bytes: Int = 10, tokens: Int = 1) -> [PlannedLine] {
        (0..<count).map { PlannedLine(position: $0, bytes: bytes, tokens: tokens, needsInlineImages: false) }
    }

    @Test("C5.4: cuts by lines, bytes and tokens, keeps the order, loses nothing")
    func cuts() {
        let byLines = BatchPlanner.cut(lines(7), bounds: BatchBounds(lines: 3), inlineAll: false)
        #expect(byLines.map(\.positions) == [[0, 1, 2], [3, 4, 5], [6]])
        let byBytes = BatchPlanner.cut(lines(4, bytes: 40), bounds: BatchBounds(bytes: 100), inlineAll: false)
        #expect(byBytes.map(\.positions) == [[0, 1], [2, 3]])
        let byTokens = BatchPlanner.cut(lines(3, tokens: 5), bounds: BatchBounds(tokens: 9), inlineAll: false)
        #expect(byTokens.map(\.positions) == [[0], [1], [2]])
    }

    @Test("C3.5: a file holds 190,000,000 bytes and not one more")
    func fileBytes() {
        let fitting = BatchPlanner.cut(lines(3, bytes: 95_000_000), bounds: BatchBounds(), inlineAll: false)
        #expect(fitting.map(\.positions) == [[0, 1], [2]])
        let over = BatchPlanner.cut(lines(2, bytes: 95_000_001), bounds: BatchBounds(), inlineAll: false)
        #expect(over.map(\.positions) == [[0], [1]])
    }

    @Test("a line over the bound goes alone rather than nowhere")
    func oversized() {
        let batches = BatchPlanner.cut(lines(2, bytes: 500), bounds: BatchBounds(bytes: 100), inlineAll: false)
        #expect(batches.map(\.positions) == [[0], [1]])
    }

    @Test("lots whose images the provider could not download are sent inline, apart from the others")
    func inline() {
        var mixed = lines(3)
        mixed[1].needsInlineImages = true
        let batches = BatchPlanner.cut(mixed, bounds: BatchBounds(), inlineAll: false)
        #expect(batches.map(\.positions) == [[0, 2], [1]])
        #expect(batches.map(\.inlineImages) == [false, true])
        #expect(BatchPlanner.cut(mixed, bounds: BatchBounds(), inlineAll: true).map(\.inlineImages) == [true])
    }

    @Test("fifty thousand lots in one batch, the next one in a second")
    func fullBatch() {
        let batches = BatchPlanner.cut(lines(50_001), bounds: BatchBounds(), inlineAll: false)
        #expect(batches.map(\.positions.count) == [50_000, 1])
    }
}
