// Answer files: whether all paid answers were in them, and what follows if not. Pure.

extension BatchMachine {
    /// Time for which a file that is not whole is read again and again, seconds; then it is read every
    /// ``slowReadSeconds``, until the job's time is short.
    static let quickReadSeconds = 600.0
    static let slowReadSeconds = 600.0

    static let noFilesReason = "OpenAI has ended the batch, but names no file with its answers yet"

    /// Whether the lines of the files are all that the provider has.
    enum Wholeness: Equatable {
        case whole
        /// Lines are missing. `isCounted`: by the provider's own counts.
        case short(isCounted: Bool)
    }

    static func wholeness(_ read: FilesRead, of batch: ProviderBatch) -> Wholeness {
        // Each line that was sent has come back.
        if read.completed + read.failed + read.skipped >= batch.lines { return .whole }
        guard let counts = batch.counts else {
            let hasFiles = batch.outputFileID != nil || batch.errorFileID != nil
            let isReadable = read.unreadable == 0 && read.completed + read.failed > 0
            return isReadable || !hasFiles ? .whole : .short(isCounted: false)
        }
        let hasCompleted = read.completed + read.skipped >= min(counts.completed, batch.lines)
        // Without an error file, failed lines may not be told apart from lines that never ran.
        let hasFailed = batch.errorFileID == nil || read.failed + read.skipped >= min(counts.failed, batch.lines)
        return hasCompleted && hasFailed ? .whole : .short(isCounted: true)
    }

    /// An ended batch should have a file, but the provider names none.
    static func lacksFiles(_ object: BatchObject) -> Bool {
        if object.outputFileID != nil { return false }
        return (object.counts?.completed ?? 0) > 0 || (object.status == .completed && object.errorFileID == nil)
    }

    /// Seconds until the files are read again; nil if what was read has to do.
    /// - Parameter isCounted: the provider's counts prove that answers are missing.
    static func secondsToReread(_ batch: ProviderBatch, isCounted: Bool, _ facts: BatchFacts) -> Double? {
        let age = batch.shortSince.map { facts.now - $0 } ?? 0
        if facts.batchSecondsLeft <= 0 || isOutlived(batch, facts.now) { return nil }
        if age >= quickReadSeconds, !isCounted { return nil }
        let pause = age < quickReadSeconds ? facts.wait(after: batch.shortReads + 1) : slowReadSeconds
        return min(pause, max(facts.firstWaitSeconds, facts.batchSecondsLeft))
    }

    /// Keeps the batch and its files; they are read again.
    static func reread(
        _ batch: ProviderBatch, because reason: String, after seconds: Double
    ) -> BatchVerdict {
        var verdict = BatchVerdict(.reread, batch, to: batch.state)
        verdict.move.shortReads = batch.shortReads + 1
        verdict.move.waitSeconds = seconds
        verdict.move.error = reason
        verdict.message = .says(reason)
        return verdict
    }

    /// Reads again, or nil if the files are whole or what was read has to do.
    static func rereadIfShort(_ batch: ProviderBatch, _ read: FilesRead, _ facts: BatchFacts) -> BatchVerdict? {
        guard case .short(let isCounted) = wholeness(read, of: batch),
            let seconds = secondsToReread(batch, isCounted: isCounted, facts)
        else { return nil }
        return reread(batch, because: shortReason(read, batch), after: seconds)
    }

    private static func shortReason(_ read: FilesRead, _ batch: ProviderBatch) -> String {
        let found = read.completed + read.failed
        let known = batch.counts.map { min(batch.lines, $0.completed + $0.failed) } ?? batch.lines
        return "OpenAI's answer files have only \(found) of \(known) readable lines; they are read again"
    }

    // MARK: Denied

    /// The provider, or something in between, answers 404 for the batch or its file. That proves nothing by itself.
    static func denied(_ batch: ProviderBatch, _ error: OpenAIError, _ facts: BatchFacts) -> BatchVerdict {
        if isHidden(batch, from: facts.account, facts.now) { return postponeHidden(batch, facts) }
        var verdict = postpone(batch, because: error, facts)
        if error.isDenial { verdict.move.denials = batch.denials + 1 }
        return verdict
    }
}
