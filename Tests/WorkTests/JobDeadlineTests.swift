// A job's time and its account's limits as transcripts: rows in, the next step out. Any thread.
import Engine
import Testing

@Suite("The job machine near the deadline and without an account")
struct JobDeadlineTests {
    let born = Timestamp(seconds: 1_000_000)
    let deadline = JobDeadline(hours: 24)

    func job(_ stage: JobStage = .visionAnalysis, _ status: JobStatus = .processing) -> JobRecord {
        JobRecord(
            id: Identifier(high: 1, low: 1), status: status, stage: stage, languages: ["en", "ru"], totalLots: 3,
            processedLots: 0, failedLots: 0, createdAt: born, epoch: 1, cleanupPending: false)
    }

    func batch(
        _ sequence: Int, _ state: ProviderBatchState, round: Int = 1, hours: Double = 0, isHeldUp: Bool = false,
        isRecalled: Bool = false, notBefore: Timestamp? = nil
    ) -> ProviderBatch {
        var batch = ProviderBatch(
            id: Identifier(high: 2, low: UInt64(sequence)), stage: .vision, round: round, sequence: sequence,
            state: state, model: "m")
        (batch.intentAt, batch.notBefore) = (born + hours * 3600, notBefore ?? born)
        (batch.isHeldUp, batch.isRecalled) = (isHeldUp, isRecalled)
        return batch
    }

    func next(_ batches: [ProviderBatch], atHour hour: Double, _ stage: JobStage = .visionAnalysis) -> JobAct {
        BatchMachine.next(job: job(stage), batches: batches, now: born + hour * 3600, deadline: deadline)
    }

    @Test("C5.4: in the last eighth no new batch begins, and open ones are cancelled")
    func direct() {
        #expect(next([], atHour: 20.9) == .open(.vision))
        #expect(next([], atHour: 21.1) == .askDirectly(.vision, round: 0))
        #expect(next([batch(1, .planned)], atHour: 21.1) == .giveUp(batch(1, .planned), .deadlineNear))
        #expect(next([batch(1, .uploaded)], atHour: 21.1) == .giveUp(batch(1, .uploaded), .deadlineNear))
        // Possible batches at the provider are checked as before.
        #expect(next([batch(1, .uploading)], atHour: 21.1) == .findUpload(batch(1, .uploading)))
        #expect(next([batch(1, .creating)], atHour: 21.1) == .findBatch(batch(1, .creating)))
        #expect(next([batch(1, .submitted)], atHour: 20.9) == .poll(batch(1, .submitted)))
        #expect(next([batch(1, .submitted)], atHour: 21.1) == .recall(batch(1, .submitted)))
        let recalled = batch(1, .submitted, isRecalled: true)
        #expect(next([recalled], atHour: 21.2) == .poll(recalled))
        // Direct requests do not follow at once: half of the remaining time is kept for the lots of the batch.
        #expect(next([recalled], atHour: 22.6) == .giveUp(recalled, .deadlineNear))
        let collected = [batch(1, .collected), batch(2, .collected, round: 2)]
        #expect(next(collected, atHour: 21.1) == .askDirectly(.vision, round: 2))
    }

    @Test("C5.4: near the deadline a batch that cannot be asked, created or read holds its lots up no longer")
    func unanswered() {
        func failing(_ state: ProviderBatchState, _ failures: Int) -> ProviderBatch {
            var failing = batch(1, state)
            failing.failures = failures
            return failing
        }
        #expect(next([batch(1, .creating)], atHour: 22.6) == .giveUp(batch(1, .creating), .deadlineNear))
        // One that runs has a last chance of being cancelled, or of having ended.
        #expect(next([batch(1, .submitted)], atHour: 22.6) == .recall(batch(1, .submitted)))
        #expect(next([failing(.submitted, 3)], atHour: 22.6) == .giveUp(failing(.submitted, 3), .deadlineNear))
        #expect(next([batch(1, .submitted)], atHour: 23.3) == .giveUp(batch(1, .submitted), .deadlineNear))
        #expect(next([failing(.ended, 2)], atHour: 22.6) == .collect(failing(.ended, 2)))
        #expect(next([failing(.ended, 3)], atHour: 22.6) == .giveUp(failing(.ended, 3), .deadlineNear))
    }

    @Test("C5.4: available answers come first, also after the deadline; then the job ends")
    func over() {
        #expect(next([batch(1, .ended)], atHour: 30) == .collect(batch(1, .ended)))
        #expect(next([batch(1, .submitted)], atHour: 24) == .expire)
        #expect(next([], atHour: 24, .imagePrefetch) == .expire)
        #expect(BatchMachine.next(job: job(.queued, .pending), batches: [], now: born + 90_000) == .expire)
        #expect(next([], atHour: 24, .finalizing) == .finish)
        // Answers that are unavailable for now do not delay the end.
        let stubborn = batch(1, .ended, notBefore: born + 30 * 3600)
        #expect(next([stubborn], atHour: 25) == .expire)
    }

    @Test("a waiting job is woken when its time changes the next act")
    func wakes() {
        let waiting = batch(1, .submitted, notBefore: born + 23 * 3600)
        #expect(next([waiting], atHour: 20) == .wait(until: born + 21 * 3600))
        #expect(next([waiting], atHour: 22) == .wait(until: born + 23 * 3600))
    }

    @Test("C5.4: with more time than the provider's, a batch that outlives the provider's is cancelled, then abandoned")
    func overdue() {
        let week = JobDeadline(hours: 168)
        func next(_ batch: ProviderBatch, _ hour: Double) -> JobAct {
            BatchMachine.next(job: job(), batches: [batch], now: born + hour * 3600, deadline: week)
        }
        #expect(next(batch(1, .submitted), 24.5) == .poll(batch(1, .submitted)))
        #expect(next(batch(1, .submitted), 25.5) == .recall(batch(1, .submitted)))
        let recalled = batch(1, .submitted, isRecalled: true)
        #expect(next(recalled, 25.7) == .poll(recalled))
        #expect(next(recalled, 26.1) == .giveUp(recalled, .deadlineNear))
    }

    @Test("C5.4: after lines that the account could not run one lot is a probe, then the round is planned again")
    func heldUp() {
        let held = batch(2, .abandoned, isHeldUp: true)
        let first = batch(1, .collected, round: 0)
        #expect(next([first, held], atHour: 1) == .probe(.vision))
        #expect(next([first, held, batch(3, .collected, round: 0)], atHour: 1) == .plan(.vision, round: 1))
        // Other batches of the round succeeded: the round counts only if all did.
        let other = batch(3, .collected)
        #expect(next([first, held, other], atHour: 1) == .probe(.vision))
        let rounds = [first, batch(2, .collected), batch(3, .abandoned, round: 2, isHeldUp: true)]
        #expect(next(rounds + [batch(4, .collected, round: 0)], atHour: 1) == .plan(.vision, round: 2))
        #expect(next([held], atHour: 22) == .askDirectly(.vision, round: 1))
    }

    @Test("C4.3, C5.9: answers of an ended job are not stored, but their cost is read")
    func cleanUp() {
        var ended = job(.visionAnalysis, .cancelled)
        ended.cleanupPending = true
        let batches = [batch(1, .collected), batch(2, .ended)]
        #expect(BatchMachine.next(job: ended, batches: batches, now: born) == .book(batch(2, .ended)))
    }
}

@Suite("The provider's queue, shared")
struct QueueShareTests {
    let large = Identifier(high: 0, low: 1)
    let small = Identifier(high: 0, low: 2)

    private func admits(_ job: Identifier, _ tokens: Int, _ queue: [QueuedJob]) -> Bool {
        QueueShare.admits(job, tokens: tokens, queue: queue, limit: 1000)
    }

    @Test("C5.4: a job alone has three quarters of the queue, so that a later one finds room")
    func alone() {
        #expect(admits(large, 250, [QueuedJob(job: large, tokens: 0, waiting: 250)]))
        #expect(admits(large, 250, [QueuedJob(job: large, tokens: 500, waiting: 250)]))
        #expect(!admits(large, 250, [QueuedJob(job: large, tokens: 501, waiting: 250)]))
        let queue = [QueuedJob(job: large, tokens: 750, waiting: 250), QueuedJob(job: small, tokens: 0, waiting: 6)]
        #expect(admits(small, 6, queue))
    }

    @Test("C5.4: a job with nothing in the queue goes before one with a batch there")
    func turns() {
        let full = [QueuedJob(job: large, tokens: 500, waiting: 200), QueuedJob(job: small, tokens: 0, waiting: 250)]
        let third = QueuedJob(job: Identifier(high: 0, low: 3), tokens: 200, waiting: nil)
        #expect(!admits(large, 200, full + [third]))
        #expect(admits(small, 250, full + [third]))
        // No other job waits with nothing in the queue: free room is used.
        #expect(admits(large, 200, [QueuedJob(job: large, tokens: 500, waiting: 200), third]))
    }

    @Test("C5.4: without a bound, the job that fills the queue lets jobs go first that found it full")
    func refusals() {
        func admits(_ job: Identifier, _ queue: [QueuedJob]) -> Bool {
            QueueShare.admits(job, tokens: 1, queue: queue, limit: nil)
        }
        let filling = QueuedJob(job: large, tokens: 500, waiting: 200, wasRefused: true)
        #expect(admits(large, [filling, QueuedJob(job: small, tokens: 0, waiting: 5)]))
        #expect(!admits(large, [filling, QueuedJob(job: small, tokens: 0, waiting: 5, wasRefused: true)]))
        #expect(admits(large, [filling, QueuedJob(job: small, tokens: 5, waiting: 5, wasRefused: true)]))
        #expect(admits(small, [filling, QueuedJob(job: small, tokens: 0, waiting: 5, wasRefused: true)]))
    }

    @Test("C5.4: a batch larger than the whole queue is tried if the queue is empty")
    func oversized() {
        #expect(admits(large, 5000, [QueuedJob(job: large, tokens: 0, waiting: 5000)]))
        #expect(!admits(large, 5000, [QueuedJob(job: small, tokens: 1, waiting: nil)]))
        #expect(QueueShare.batchTokens(limit: 1000) == 250 && QueueShare.batchTokens(limit: 1) == 1)
    }

    @Test("C5.4: repeated lines go in smaller batches")
    func smallerRounds() {
        #expect((1...3).map { BatchBounds().inRound($0).lines } == [50_000, 6250, 781])
        #expect(BatchBounds(lines: 3).inRound(3).lines == 1)
    }
}
