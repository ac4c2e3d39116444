// The job engine's transactions by name. The fault laboratory kills the process on both sides of each: see
// `CrashPoint`. Any thread.

/// A transaction under a job's lease. For a provider batch, the case is named after the verdict that it writes.
public enum Commit: String, CaseIterable, Sendable {
    // A job advances.
    case start, images, stage, plan, failures, end, cleaned
    // Lots are requested directly: one ahead of its stage, some near the deadline.
    case ask, askDirectly, dropAsking
    // A provider batch advances.
    case uploadIntent, file, createIntent, batch, poll, answers, collected
    // Recovery after lost replies and failed acts.
    case review, settle, postpone, holdUp, abandon, halve
    // Batches that turn up late, or are given up at work; answer files that are not whole.
    case look, letGo, reread
    // Near the deadline, and after the job's end.
    case lateRecall, recall, stray, book, cleanUp

    /// The last moment before the COMMIT.
    @inline(__always)
    func isAboutToCommit() {
        #if CRASH_POINTS
        CrashPlan.current.passed(committing)
        #endif
    }

    /// The first moment after it.
    @inline(__always)
    func hasCommitted() {
        #if CRASH_POINTS
        CrashPlan.current.passed(committed)
        #endif
    }

    #if CRASH_POINTS
    /// The name of the point before the COMMIT.
    public var committing: String { rawValue + "Committing" }
    /// The name of the point after it.
    public var committed: String { rawValue + "Committed" }
    /// Both names.
    public var points: [String] { [committing, committed] }
    #endif
}
