// The job engine's transactions by name. The fault laboratory lets the process die on both sides of each: see
// `CrashPoint`. Any thread.

/// A transaction under a job's lease. For a provider batch it is the name of the verdict that is written.
public enum Commit: String, CaseIterable, Sendable {
    // A job goes on.
    case start, images, stage, plan, failures, end, cleaned
    // Lots are asked for directly: one ahead of its stage, some near the deadline.
    case ask, askDirectly, dropAsking
    // A provider batch on its way.
    case uploadIntent, file, createIntent, batch, poll, answers, collected
    // Replies that were lost, and acts that failed.
    case review, settle, postpone, holdUp, abandon, halve
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
    /// Both.
    public var points: [String] { [committing, committed] }
    #endif
}
