// Creations of unknown outcome: how long the provider's list is searched, and what is found in it late. Pure.

extension BatchMachine {
    /// Longest settling time, seconds.
    static let settleSecondsMax = 6.0 * 3600
    /// A creation that took longer is remembered for its account, seconds; and the longest one that is.
    static let slowSecondsMin = 10.0
    static let slowSecondsMax = 1800.0
    /// Pause between two looks for strays while the list cannot be had, seconds.
    static let lookPauseSeconds = 60.0
    /// The same while the list is another account's.
    static let hiddenLookPauseSeconds = 600.0

    static let unsettledReason = "OpenAI did not say whether it made the batch; its list is being searched"
    static let oddIDReason = "OpenAI gave the batch an id that cannot be used"

    // MARK: How long a creation may take to show

    /// Time without any sign of the batch that proves that there is none, seconds. It grows with the slowest creation
    /// that the account has shown, and with each creation of this row that was lost.
    static func settleSeconds(_ batch: ProviderBatch, _ facts: BatchFacts) -> Double {
        let seconds = max(facts.settleSeconds, 2 * batch.slowestSeconds)
        let doublings = min(batch.lostCreations, 16)
        return min(seconds * Double(1 << doublings), max(settleSecondsMax, facts.settleSeconds))
    }

    /// Counts from the end of the attempt. After a crash that end is unknown, and the call may have lasted for as long
    /// as calls may.
    private static func settledAt(_ batch: ProviderBatch, _ facts: BatchFacts) -> Timestamp {
        let end = batch.attemptEndedAt ?? ((batch.intentAt ?? facts.now) + facts.attemptSeconds)
        return end + settleSeconds(batch, facts)
    }

    /// Seconds until the next look at the list; nil once the creation is settled. Looks become rarer with its age.
    static func secondsToLook(_ batch: ProviderBatch, _ facts: BatchFacts) -> Double? {
        let left = settledAt(batch, facts) - facts.now
        guard left > 0 else { return nil }
        let age = facts.now - (batch.intentAt ?? facts.now)
        return min(left, max(facts.firstWaitSeconds, min(facts.longestWaitSeconds, age / 4)))
    }

    /// The account's time until it showed this batch, if that is longer than any before. After a crash it is unknown.
    private static func slowSeconds(_ batch: ProviderBatch, _ facts: BatchFacts, isKnown: Bool) -> Double? {
        guard isKnown, let intentAt = batch.intentAt else { return nil }
        let seconds = min(facts.now - intentAt, slowSecondsMax)
        return seconds > max(slowSecondsMin, batch.slowestSeconds) ? seconds : nil
    }

    // MARK: What is found

    /// Makes one of the listed batches the row's own: one that has answers already, else the oldest. The others are
    /// strays.
    private static func choose(_ objects: [BatchObject], for batch: ProviderBatch) -> (BatchObject?, [BatchObject]) {
        let ours = objects.filter { isBatch($0, of: batch) }
        let first = ours.first { $0.status == .completed } ?? ours.min { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
        return (first, objects.filter { $0.id != first?.id })
    }

    static func listed(_ objects: [BatchObject], _ batch: ProviderBatch, _ facts: BatchFacts) -> BatchVerdict {
        let (first, others) = choose(objects, for: batch)
        guard let first else { return settle(batch, others, facts) }
        var verdict = adopt(first, batch, facts, isKnown: batch.attemptEndedAt != nil)
        verdict.strays = others
        // One attempt can lead to several batches if a gateway repeats it.
        verdict.move.look = .after(settleSeconds(batch, facts))
        return verdict
    }

    /// Makes the batch the row's own.
    /// - Parameter isKnown: the time since the intent is the provider's own.
    static func adopt(
        _ object: BatchObject, _ batch: ProviderBatch, _ facts: BatchFacts, isKnown: Bool = true
    ) -> BatchVerdict {
        guard object.hasUsableID else {
            // The batch exists, so nothing is sent again.
            var verdict = postpone(batch, because: oddIDReason, facts)
            verdict.message = .says(oddIDReason)
            verdict.isOurMistake = true
            return verdict
        }
        var verdict = BatchVerdict(.batch, batch, to: .submitted)
        verdict.move.batchID = object.id
        verdict.move.providerStatus = "\(object.status)"
        verdict.move.waitSeconds = facts.pollSeconds
        verdict.namesBatch = true
        verdict.slowSeconds = slowSeconds(batch, facts, isKnown: isKnown)
        // The batch of an earlier, lost creation may still turn up.
        if batch.lostCreations > 0 { verdict.move.look = .after(settleSeconds(batch, facts)) }
        return verdict
    }

    /// The provider lists no batch of this row. After the settling time this proves that there is none.
    private static func settle(
        _ batch: ProviderBatch, _ strays: [BatchObject], _ facts: BatchFacts
    ) -> BatchVerdict {
        var verdict: BatchVerdict
        if isHidden(batch, from: facts.account, facts.now) {
            verdict = postponeHidden(batch, facts)
        } else if let seconds = secondsToLook(batch, facts) {
            verdict = BatchVerdict(.settle, batch, to: .creating)
            verdict.move.failures = batch.failures
            verdict.move.waitSeconds = seconds
            verdict.message = .says(unsettledReason)
        } else {
            verdict = BatchVerdict(.settle, batch, to: .uploaded)
            verdict.move.lostCreations = batch.lostCreations + 1
        }
        verdict.strays = strays
        return verdict
    }

    // MARK: After the job's end

    /// The first listed batch becomes the row's own, so that it is taken back and booked.
    static func listedAfterEnd(_ objects: [BatchObject], _ batch: ProviderBatch, _ facts: BatchFacts) -> BatchVerdict {
        let usable = objects.filter(\.hasUsableID)
        if let first = usable.min(by: { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }) {
            var verdict = BatchVerdict(.stray, batch, to: .submitted)
            verdict.move.batchID = first.id
            verdict.move.providerStatus = "\(first.status)"
            verdict.move.look = .after(settleSeconds(batch, facts))
            verdict.strays = usable.filter { $0.id != first.id }
            return verdict
        }
        let isHidden = isHidden(batch, from: facts.account, facts.now)
        let seconds = isHidden ? facts.longestWaitSeconds : secondsToLook(batch, facts)
        guard let seconds else { return forget(batch, facts) }
        var verdict = BatchVerdict(.settle, batch, to: .creating)
        verdict.move.failures = batch.failures
        verdict.move.waitSeconds = seconds
        return verdict
    }

    // MARK: Strays

    /// Whether the provider's batch is one of the row's lots, whatever file it was made of.
    static func isOurs(_ object: BatchObject, _ batch: ProviderBatch) -> Bool {
        guard object.status != .failed else { return false }
        if object.metadata(batchKey) == batch.id.description { return true }
        return isBatch(object, of: batch)
    }

    static func afterLooking(
        _ batch: ProviderBatch, _ found: Result<[BatchObject], OpenAIError>, _ facts: BatchFacts
    ) throws(IllegalOutcome) -> BatchVerdict {
        guard mayLook(batch) else { throw IllegalOutcome(batch.state, .looked(found)) }
        var verdict = BatchVerdict(.look, batch, to: batch.state)
        verdict.move.failures = batch.failures
        verdict.move.keepsTime = true
        verdict.move.keepsError = true
        switch found {
        case .success(let strays):
            verdict.strays = strays.filter(\.hasUsableID)
            if !verdict.strays.isEmpty {
                // Where one was found, a further one may follow.
                verdict.move.look = .after(settleSeconds(batch, facts))
            } else if isHidden(batch, from: facts.account, facts.now) {
                verdict.move.look = .after(hiddenLookPauseSeconds)
            } else {
                verdict.move.look = .done
            }
        case .failure(let error):
            verdict.move.look =
                isOutlived(batch, facts.now) ? .done : .after(max(lookPauseSeconds, error.retryAfter ?? 0))
        }
        return verdict
    }

    // MARK: Given up

    /// Gives a batch up although it may be at work. Its lots are planned again; the row goes on as a stray, so that the
    /// batch is cancelled and its cost is booked.
    static func letGo(_ batch: ProviderBatch, because reason: String) -> BatchVerdict {
        var verdict = BatchVerdict(.letGo, batch, to: batch.state)
        verdict.move.error = reason
        verdict.move.becomesStray = true
        return verdict
    }
}
