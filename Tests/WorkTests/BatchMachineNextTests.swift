// The batch machine as transcripts: rows in, the next act out. Any thread.
import Engine
import Testing

@Suite("The batch machine: the next act")
struct BatchMachineNextTests {
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
        var batch = ProviderBatch(
            id: Identifier(high: 2, low: UInt64(number)), stage: stage, round: round, sequence: number, state: state,
            model: "m")
        batch.notBefore = notBefore ?? Timestamp(seconds: 0)
        batch.batchID = "b\(number)"
        return batch
    }

    func next(_ job: JobRecord, _ batches: [ProviderBatch] = []) -> JobAct {
        BatchMachine.next(job: job, batches: batches, now: now)
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

    @Test("C5.1: an intent without an outcome is checked, never repeated blindly")
    func intents() {
        let vision = job(.processing, .visionAnalysis)
        #expect(next(vision, [batch(1, .uploading)]) == .findUpload(batch(1, .uploading)))
        #expect(next(vision, [batch(1, .creating)]) == .findBatch(batch(1, .creating)))
        #expect(next(vision, [batch(1, .asking, round: 0)]) == .giveUp(batch(1, .asking, round: 0), .answerLost))
    }

    @Test("answers come first, then due acts in order; a waiting batch delays no other")
    func order() {
        let vision = job(.processing, .visionAnalysis)
        let waiting = batch(1, .submitted, notBefore: later)
        #expect(next(vision, [waiting, batch(2, .planned), batch(3, .ended)]) == .collect(batch(3, .ended)))
        #expect(next(vision, [waiting, batch(2, .planned)]) == .upload(batch(2, .planned)))
        #expect(next(vision, [waiting, batch(2, .submitted, notBefore: now + 5)]) == .wait(until: now + 5))
    }

    @Test("a stage uses its own batches only, and plans the next round if none is open")
    func rounds() {
        let translating = job(.translating, .translation)
        #expect(next(translating, [batch(1, .collected)]) == .open(.translation))
        #expect(
            next(translating, [batch(1, .collected), batch(1, .abandoned, stage: .translation, round: 2)])
                == .plan(.translation, round: 3))
    }

    private func stray(_ number: Int, _ state: ProviderBatchState, recalled: Bool = false) -> ProviderBatch {
        var stray = batch(number, state)
        (stray.isStray, stray.isRecalled) = (true, recalled)
        return stray
    }

    private func lookingAgain(_ number: Int, _ state: ProviderBatchState, at time: Timestamp) -> ProviderBatch {
        var batch = batch(number, state, notBefore: later)
        batch.lookAgainAt = time
        return batch
    }

    @Test("C5.9: a stray is cancelled, awaited and booked beside its stage, which does not wait for it")
    func strays() {
        let vision = job(.processing, .visionAnalysis)
        let own = batch(1, .submitted, notBefore: later)
        #expect(next(vision, [own, stray(2, .submitted)]) == .recall(stray(2, .submitted)))
        let recalled = stray(2, .submitted, recalled: true)
        #expect(next(vision, [own, recalled]) == .poll(recalled))
        #expect(next(vision, [own, stray(2, .ended)]) == .book(stray(2, .ended)))
        #expect(next(vision, [batch(1, .planned), stray(2, .submitted)]) == .upload(batch(1, .planned)))
        var waiting = stray(2, .submitted)
        waiting.notBefore = now + 5
        #expect(next(vision, [own, waiting]) == .wait(until: now + 5))
        #expect(next(vision, [batch(1, .collected), waiting]) == .plan(.vision, round: 2))
        // Also in a later stage.
        let translating = job(.translating, .translation)
        let other = batch(3, .submitted, stage: .translation, notBefore: later)
        #expect(next(translating, [stray(2, .ended), other]) == .book(stray(2, .ended)))
    }

    @Test("C5.1: the list is looked at again when that is due, whatever has become of the batch")
    func looks() {
        let vision = job(.processing, .visionAnalysis)
        let due = lookingAgain(1, .submitted, at: now)
        #expect(next(vision, [due]) == .look(due))
        #expect(next(vision, [lookingAgain(1, .submitted, at: now + 5)]) == .wait(until: now + 5))
        let collected = lookingAgain(1, .collected, at: now)
        #expect(next(vision, [collected, batch(2, .submitted, round: 2, notBefore: later)]) == .look(collected))
        // A row on its way to a creation looks by itself.
        let creating = lookingAgain(1, .creating, at: now)
        #expect(next(vision, [creating]) == .wait(until: later))
        let cancelled = job(.cancelled, .visionAnalysis, cleanup: true)
        #expect(next(cancelled, [collected]) == .look(collected))
        #expect(next(cancelled, [lookingAgain(1, .abandoned, at: later)]) == .wait(until: later))
    }

    @Test("only a long denial is put before the list")
    func denied() {
        let vision = job(.processing, .visionAnalysis)
        for state in [ProviderBatchState.submitted, .ended] {
            var denied = batch(1, state)
            (denied.denials, denied.deniedSince) = (10, now + -1800)
            #expect(next(vision, [denied]) == .confirmGone(denied))
            denied.deniedSince = now + -1700
            #expect(next(vision, [denied]) == (state == .ended ? .collect(denied) : .poll(denied)))
        }
    }

    @Test("OPENAI_BATCHES=off: every lot is asked for directly; a batch that may be at the provider is finished first")
    func batchesOff() {
        let vision = job(.processing, .visionAnalysis)
        func next(_ batches: [ProviderBatch] = [], of job: JobRecord) -> JobAct {
            BatchMachine.next(job: job, batches: batches, now: now, usesBatches: false)
        }
        #expect(next(of: vision) == .askDirectly(.vision, round: 0))
        #expect(next(of: job(.translating, .translation)) == .askDirectly(.translation, round: 0))
        #expect(next([batch(1, .collected, round: 0)], of: vision) == .askDirectly(.vision, round: 0))
        #expect(next([batch(1, .collected, round: 2)], of: vision) == .askDirectly(.vision, round: 2))
        // After a kill the lots without a result are asked for again.
        let lost = batch(1, .asking, round: 0)
        #expect(next([lost], of: vision) == .giveUp(lost, .answerLost))
        #expect(next([batch(1, .abandoned, round: 0)], of: vision) == .askDirectly(.vision, round: 0))
        // Switched off in the middle of a job.
        #expect(next([batch(1, .planned)], of: vision) == .giveUp(batch(1, .planned), .batchesOff))
        #expect(next([batch(1, .uploaded)], of: vision) == .giveUp(batch(1, .uploaded), .batchesOff))
        #expect(next([batch(1, .uploading)], of: vision) == .findUpload(batch(1, .uploading)))
        #expect(next([batch(1, .creating)], of: vision) == .findBatch(batch(1, .creating)))
        #expect(next([batch(1, .submitted)], of: vision) == .poll(batch(1, .submitted)))
        #expect(next([batch(1, .ended)], of: vision) == .collect(batch(1, .ended)))
        // Switched on again: what is left goes into the first round of batches.
        #expect(self.next(vision, [batch(1, .collected, round: 0)]) == .plan(.vision, round: 1))
        // The other acts do not depend on it.
        #expect(next(of: job(.pending, .queued)) == .begin)
        #expect(next(of: job(.translating, .finalizing)) == .finish)
        let cancelled = job(.cancelled, .visionAnalysis, cleanup: true)
        #expect(next([lost], of: cancelled) == .giveUp(lost, .jobEnded))
    }

    @Test("C4.3: a cancelled job cancels its batches at the provider, then rests")
    func cleanUp() {
        let cancelled = job(.cancelled, .visionAnalysis, cleanup: true)
        #expect(next(cancelled, [batch(1, .collected), batch(2, .submitted)]) == .recall(batch(2, .submitted)))
        #expect(next(cancelled, [batch(1, .creating, notBefore: later)]) == .wait(until: later))
        #expect(next(cancelled, [batch(1, .collected), batch(2, .abandoned)]) == .endCleanUp)
    }
}
