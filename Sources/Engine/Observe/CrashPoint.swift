// Named places at which the process can be killed as by `kill -9`, for the fault laboratory (`loadtest chaos`): one
// before and one after each commit and each external call. Only builds with CRASH_POINTS have them: debug builds and
// builds with `-Xswiftc -DCRASH_POINTS`. In other builds a call compiles to nothing, and the
// name is not in the binary. Any thread.

#if CRASH_POINTS

/// `...Committing` is the last moment before a COMMIT, `...Committed` the first one after it. Two places that do the
/// same may share a point. A call that only reads has no point of its own if another point is next to it.
public enum CrashPoint: String, CaseIterable, Sendable {
    // A request becomes a job, or is answered at once.
    case keyClaimed, jobCommitting, jobCommitted, replyStoring, replyStored, keyReleasing, keyReleased
    // Other requests of an integrator.
    case cancelCommitting, cancelCommitted, redeliverCommitting, redeliverCommitted
    // An instance starts, changes its name, and leaves in order.
    case nameEntering, nameEntered, nameMoving, nameMoved, heartbeatCommitted
    case jobsHandingOver, jobsHandedOver, instanceLeaving, leasesFreed, instanceLeft
    // A job is taken and started.
    case jobsTaking, jobsTaken, startCommitting, startCommitted
    case imagesChecking, imagesChecked, imagesCommitting, imagesCommitted
    case stageCommitting, stageCommitted
    // One lot goes ahead of its stage.
    case canaryCommitting, canaryCommitted, canaryAnswered, canaryDropCommitting, canaryDropCommitted
    // A batch is sent to the provider.
    case planCommitting, planCommitted
    case uploadIntentCommitting, uploadIntentCommitted, fileUploaded, fileCommitting, fileCommitted
    case createIntentCommitting, createIntentCommitted, batchCreated, batchCommitting, batchCommitted
    // Recovery after lost replies.
    case filesListing, filesListed, reviewCommitting, reviewCommitted
    case batchesListing, batchesListed, settleCommitting, settleCommitted
    case postponeCommitting, postponeCommitted, troubleCommitting, troubleCommitted
    case holdUpCommitting, holdUpCommitted, abandonCommitting, abandonCommitted, halveCommitting, halveCommitted
    // Answers are collected.
    case batchPolling, batchPolled, pollCommitting, pollCommitted
    case outputOpening, outputOpened, answersCommitting, answersCommitted
    case failuresCommitting, failuresCommitted
    case endCommitting, endCommitted
    // Near the deadline.
    case lateRecalling, lateRecalled, lateRecallCommitting, lateRecallCommitted
    case directCommitting, directCommitted, directAsking, directAnswered
    // A cancelled job is cleaned up at the provider.
    case cleanUpCalling, cleanUpCalled, cleanUpCommitting, cleanUpCommitted
    case strayCommitting, strayCommitted, recallCommitting, recallCommitted, bookCommitting, bookCommitted
    case cleanedCommitting, cleanedCommitted
    // A webhook is delivered.
    case deliveriesTaking, deliveriesTaken, attemptBeginning, attemptBegun, attemptAnswered
    case attemptCommitting, attemptCommitted, deliveryReturning, deliveryReturned
    // Old data is removed: files at the provider, old jobs and keys.
    case fileDeleting, fileDeleted, filesGoneCommitted
    case retireCommitting, retireCommitted, pruneCommitting, pruneCommitted, keysPruned, instancesForgotten

    /// Kills the process here if the plan says so.
    @inline(never)
    public func pass() { CrashPlan.current.passed(self) }

    /// The laboratory's value of `WorkConfiguration.settleSeconds`, because its provider lists a batch at once.
    public static var settleSeconds: Double? { CrashPlan.current.settleSeconds }
}

#else

/// Release stub: any name compiles, and `pass()` does nothing.
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
