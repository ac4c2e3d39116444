// Named places at which the process can be made to die as by `kill -9`, for the fault laboratory (`loadtest chaos`):
// one before and one after each commit and each call to the outside. Only builds with CRASH_POINTS know them: debug
// builds, and those that are given `-Xswiftc -DCRASH_POINTS`. In others a call leaves nothing behind, not even its
// name. Any thread.

#if CRASH_POINTS

/// `...Committing` is the last moment before a COMMIT, `...Committed` the first one after it.
public enum CrashPoint: String, CaseIterable, Sendable {
    // A request becomes a job.
    case keyClaimed, jobCommitting, jobCommitted
    // A job is taken and begun.
    case jobsTaken, startCommitting, startCommitted
    case imagesChecking, imagesChecked, imagesCommitting, imagesCommitted
    case stageCommitting, stageCommitted
    // One lot goes ahead of its stage.
    case canaryCommitting, canaryCommitted, canaryAnswered
    // A shard on its way to the provider.
    case planCommitting, planCommitted
    case uploadIntentCommitting, uploadIntentCommitted, fileUploaded, fileCommitting, fileCommitted
    case createIntentCommitting, createIntentCommitted, batchCreated, batchCommitting, batchCommitted
    // What is done about replies that were lost.
    case filesListing, filesListed, reviewCommitting, reviewCommitted
    case batchesListing, batchesListed
    case postponeCommitting, postponeCommitted, abandonCommitting, abandonCommitted, halveCommitting, halveCommitted
    // The answers.
    case batchPolling, batchPolled, pollCommitting, pollCommitted
    case outputOpening, outputOpened, answersCommitting, answersCommitted
    case failuresCommitting, failuresCommitted
    case endCommitting, endCommitted
    // A cancelled job is taken back.
    case cleanUpCalling, cleanUpCalled, cleanUpCommitting, cleanUpCommitted
    case recallCommitting, recallCommitted, bookCommitting, bookCommitted
    // A webhook goes out.
    case deliveriesTaken, attemptBeginning, attemptBegun, attemptAnswered, attemptCommitting, attemptCommitted

    /// The process passes here, or dies here.
    @inline(never)
    public func pass() { CrashPlan.current.passed(self) }
}

#else

/// Any name is a point, and a point is nothing.
@dynamicMemberLookup
public struct CrashPoint {
    @inlinable
    @inline(__always)
    init() {}

    @inlinable
    @inline(__always)
    public static subscript(dynamicMember name: StaticString) -> CrashPoint { CrashPoint() }

    @inlinable
    @inline(__always)
    public func pass() {}
}

#endif
