// Verdicts once the job has ended: everything at the provider is taken back (C4.3), and its cost until then is booked
// (C5.9). The job's own row stays as it is. Pure.

extension BatchMachine {
    static func afterEnd(
        _ batch: ProviderBatch, _ outcome: BatchOutcome, _ facts: BatchFacts
    ) throws(IllegalOutcome) -> BatchVerdict {
        if case .givenUp = outcome, batch.state.isOpen { return forget(batch) }
        if case .failed(let error) = outcome, batch.state.isOpen { return cleanUpFailed(batch, error, facts) }
        return switch batch.state {
        case .uploading: try afterLookingForUploads(batch, outcome)
        case .creating: try afterLookingForBatches(batch, outcome, facts)
        case .submitted: try afterTakingBack(batch, outcome, facts)
        case .ended: try afterBooking(batch, outcome)
        case .asking, .planned, .uploaded, .collected, .abandoned: throw IllegalOutcome(batch.state, outcome)
        }
    }

    /// Closes a batch of which nothing is at work at the provider any more. The `FileSweeper` deletes its files.
    private static func forget(_ batch: ProviderBatch) -> BatchVerdict {
        var verdict = BatchVerdict(.cleanUp, batch, to: .abandoned)
        verdict.error = jobEndedReason
        return verdict
    }

    /// A 404 under the batch's own key proves that there is nothing to take back.
    private static func cleanUpFailed(_ batch: ProviderBatch, _ error: OpenAIError, _ facts: BatchFacts) -> BatchVerdict
    {
        if batch.state == .submitted, case .api(404, _, _) = error.kind,
            !isHidden(batch, from: facts.account, facts.now)
        {
            return forget(batch)
        }
        return postpone(batch, because: error.reason, atLeast: error.retryAfter ?? 0, facts)
    }

    private static func afterLookingForUploads(
        _ batch: ProviderBatch, _ outcome: BatchOutcome
    ) throws(IllegalOutcome) -> BatchVerdict {
        switch outcome {
        case .foundUpload: return forget(batch)
        case .answered, .askFailed, .askedAll, .built, .uploaded, .uploadFailed, .admitted, .othersTurn, .noFile,
            .created, .creationFailed, .listed, .status, .queueFull, .recalled, .noBatch, .collected, .booked, .failed,
            .givenUp:
            throw IllegalOutcome(batch.state, outcome)
        }
    }

    /// The first listed batch becomes the row's batch, so that it is taken back and booked.
    private static func afterLookingForBatches(
        _ batch: ProviderBatch, _ outcome: BatchOutcome, _ facts: BatchFacts
    ) throws(IllegalOutcome) -> BatchVerdict {
        switch outcome {
        case .listed(let objects):
            if let first = objects.first {
                var verdict = BatchVerdict(.stray, batch, to: .submitted)
                verdict.batchID = first.id
                verdict.providerStatus = "\(first.status)"
                return verdict
            }
            let age = facts.now - (batch.intentAt ?? Timestamp(microseconds: 0))
            let isHidden = isHidden(batch, from: facts.account, facts.now)
            let left = isHidden ? facts.longestWaitSeconds : facts.settleSeconds - age
            guard left > 0 else { return forget(batch) }
            var verdict = BatchVerdict(.settle, batch, to: .creating)
            verdict.failures = batch.failures
            verdict.waitSeconds = left
            return verdict
        case .answered, .askFailed, .askedAll, .built, .uploaded, .uploadFailed, .foundUpload, .admitted, .othersTurn,
            .noFile, .created, .creationFailed, .status, .queueFull, .recalled, .noBatch, .collected, .booked, .failed,
            .givenUp:
            throw IllegalOutcome(batch.state, outcome)
        }
    }

    /// The batch is cancelled, and the row waits for its end: only then is its cost known.
    private static func afterTakingBack(
        _ batch: ProviderBatch, _ outcome: BatchOutcome, _ facts: BatchFacts
    ) throws(IllegalOutcome) -> BatchVerdict {
        switch outcome {
        case .status(let object), .recalled(let object):
            if object.failure != nil { return forget(batch) }
            if object.status.isEnded {
                var verdict = polled(batch, object, facts)
                verdict.message = .unchanged
                return verdict
            }
            return recalled(.recall, batch, object, facts)
        case .queueFull, .noBatch: return forget(batch)
        case .answered, .askFailed, .askedAll, .built, .uploaded, .uploadFailed, .foundUpload, .admitted, .othersTurn,
            .noFile, .created, .creationFailed, .listed, .collected, .booked, .failed, .givenUp:
            throw IllegalOutcome(batch.state, outcome)
        }
    }

    /// Books tokens only, because the job's lots have ended.
    private static func afterBooking(
        _ batch: ProviderBatch, _ outcome: BatchOutcome
    ) throws(IllegalOutcome) -> BatchVerdict {
        switch outcome {
        case .booked(let usage):
            var verdict = BatchVerdict(.book, batch, to: .collected)
            verdict.usage = usage
            return verdict
        case .answered, .askFailed, .askedAll, .built, .uploaded, .uploadFailed, .foundUpload, .admitted, .othersTurn,
            .noFile, .created, .creationFailed, .listed, .status, .queueFull, .recalled, .noBatch, .collected, .failed,
            .givenUp:
            throw IllegalOutcome(batch.state, outcome)
        }
    }
}

// MARK: A lease that was lost

/// A file or a batch at the provider that no runner will look for.
public enum Orphan: Equatable, Sendable {
    case file(String)
    case batch(String)
}

extension BatchMachine {
    /// Returns the orphan that a lost lease leaves: the outcome of an act could not be written. A new holder finds the
    /// file or the batch by itself. After the job's end, or if the row has another batch, no holder looks for it.
    /// - Parameters:
    ///   - jobHasEnded: nil if this is unknown.
    ///   - rows: the job's rows as they are now; nil if they cannot be read.
    public static func orphan(
        of outcome: BatchOutcome, _ batch: ProviderBatch, jobHasEnded: Bool?, rows: [ProviderBatch]?
    ) -> Orphan? {
        switch outcome {
        case .uploaded(let file): return jobHasEnded == true ? .file(file) : nil
        case .created(let object):
            if jobHasEnded == true { return .batch(object.id) }
            guard let rows else { return nil }
            let known = rows.first { $0.id == batch.id }?.batchID
            return known == object.id || known == batch.batchID ? nil : .batch(object.id)
        case .answered, .askFailed, .askedAll, .built, .uploadFailed, .foundUpload, .admitted, .othersTurn, .noFile,
            .creationFailed, .listed, .status, .queueFull, .recalled, .noBatch, .collected, .booked, .failed, .givenUp:
            return nil
        }
    }

    /// Chooses among the files with the batch's name: the whole one is used, the others are deleted.
    public static func choose(
        among files: [FileObject], for batch: ProviderBatch, jobHasEnded: Bool
    ) -> (used: String?, deleted: [String]) {
        let whole = jobHasEnded ? nil : files.first { $0.bytes == batch.fileBytes }?.id
        return (whole, files.map(\.id).filter { $0 != whole })
    }

    /// Metadata keys by which a batch is found again. Instances of the previous version read the same keys.
    static let batchKey = "generation_shard"
    static let jobKey = "generation_job"

    /// Whether the provider's batch belongs to the row. A failed batch did nothing. A batch with another file is an
    /// earlier one, which failed.
    public static func isBatch(_ object: BatchObject, of batch: ProviderBatch) -> Bool {
        guard object.metadata(batchKey) == batch.id.description, object.status != .failed else { return false }
        return batch.inputFileID == nil || object.inputFileID == batch.inputFileID
    }
}
