// Named places at which the process can be made to die as by `kill -9`, for the fault laboratory (`loadtest chaos`):
// one before and one after each commit and each call to the outside. Only builds with CRASH_POINTS know them: debug
// builds, and those that are given `-Xswiftc -DCRASH_POINTS`. In others a call leaves nothing behind, not even its
// name. Any thread.

#if CRASH_POINTS

/// `...Committing` is the last moment before a COMMIT, `...Committed` the first one after it. What does the same in two
/// places may share a point. Calls that only ask have none of their own where another point is beside them.
public enum CrashPoint: String, CaseIterable, Sendable {
    // A request becomes a job, or is answered at once.
    case keyClaimed, jobCommitting, jobCommitted, replyStoring, replyStored, keyReleasing, keyReleased
    // An integrator's other wishes.
    case cancelCommitting, cancelCommitted, redeliverCommitting, redeliverCommitted
    // An instance comes, goes by another name, and leaves in order.
    case nameEntering, nameEntered, nameMoving, nameMoved, heartbeatCommitted
    case jobsHandingOver, jobsHandedOver, instanceLeaving, leasesFreed, instanceLeft
    // A job is taken and begun.
    case jobsTaking, jobsTaken, startCommitting, startCommitted
    case imagesChecking, imagesChecked, imagesCommitting, imagesCommitted
    case stageCommitting, stageCommitted
    // One lot goes ahead of its stage.
    case canaryCommitting, canaryCommitted, canaryAnswered, canaryDropCommitting, canaryDropCommitted
    // A batch on its way to the provider.
    case planCommitting, planCommitted
    case uploadIntentCommitting, uploadIntentCommitted, fileUploaded, fileCommitting, fileCommitted
    case createIntentCommitting, createIntentCommitted, batchCreated, batchCommitting, batchCommitted
    // What is done about replies that were lost.
    case filesListing, filesListed, reviewCommitting, reviewCommitted
    case batchesListing, batchesListed, settleCommitting, settleCommitted
    case postponeCommitting, postponeCommitted, troubleCommitting, troubleCommitted
    case holdUpCommitting, holdUpCommitted, abandonCommitting, abandonCommitted, halveCommitting, halveCommitted
    // The answers.
    case batchPolling, batchPolled, pollCommitting, pollCommitted
    case outputOpening, outputOpened, answersCommitting, answersCommitted
    case failuresCommitting, failuresCommitted
    case endCommitting, endCommitted
    // Near the deadline.
    case lateRecalling, lateRecalled, lateRecallCommitting, lateRecallCommitted
    case directCommitting, directCommitted, directAsking, directAnswered
    // A cancelled job is taken back.
    case cleanUpCalling, cleanUpCalled, cleanUpCommitting, cleanUpCommitted
    case strayCommitting, strayCommitted, recallCommitting, recallCommitted, bookCommitting, bookCommitted
    case cleanedCommitting, cleanedCommitted
    // A webhook goes out.
    case deliveriesTaking, deliveriesTaken, attemptBeginning, attemptBegun, attemptAnswered
    case attemptCommitting, attemptCommitted, deliveryReturning, deliveryReturned
    // What is done with goes: files at the provider, old jobs and keys.
    case fileDeleting, fileDeleted, filesGoneCommitted
    case retireCommitting, retireCommitted, pruneCommitting, pruneCommitted, keysPruned, instancesForgotten

    /// The process passes here, or dies here.
    @inline(never)
    public func pass() { CrashPlan.current.passed(self) }

    /// What the laboratory wants `WorkConfiguration.settleSeconds` to be: its provider lists a batch at once.
    public static var settleSeconds: Double? { CrashPlan.current.settleSeconds }
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
