// Named places at which the process can be killed as by `kill -9`, for the fault laboratory (`loadtest chaos`): one
// before and one after each commit and each external call. Only builds with CRASH_POINTS have them: debug builds and
// builds with `-Xswiftc -DCRASH_POINTS`. In other builds a call compiles to nothing, and the
// name is not in the binary. Any thread.

#if CRASH_POINTS

/// A moment beside an external call, or beside a commit that is not under a job's lease; ``Commit`` has those that are.
/// Two places that do the same may share a point. A call that only reads has no point of its own if another point is
/// next to it.
public enum CrashPoint: String, CaseIterable, Sendable {
    // A request becomes a job, or is answered at once.
    case keyClaimed, jobCommitting, jobCommitted, replyStoring, replyStored, keyReleasing, keyReleased
    // Other requests of an integrator.
    case cancelCommitting, cancelCommitted, redeliverCommitting, redeliverCommitted
    // An instance starts, and leaves in order.
    case heartbeatCommitted
    case jobsHandingOver, jobsHandedOver, instanceLeaving, leasesFreed, instanceLeft
    // A job is taken; its images are checked.
    case jobsTaking, jobsTaken, imagesChecking, imagesChecked
    // Calls about a provider batch.
    case directAsking, directAnswered, fileUploaded, batchCreated, batchPolling, batchPolled
    case filesListing, filesListed, batchesListing, batchesListed, batchRecalling, batchRecalled
    case outputOpening, outputOpened
    // A webhook is delivered.
    case deliveriesTaking, deliveriesTaken, attemptBeginning, attemptBegun, attemptAnswered
    case attemptCommitting, attemptCommitted, deliveryReturning, deliveryReturned
    // Old data is removed: files at the provider, old jobs and keys.
    case fileDeleting, fileDeleted, filesGoneCommitted
    case retireCommitting, retireCommitted, pruneCommitting, pruneCommitted, keysPruned, instancesForgotten

    /// The names of all points, those of ``Commit`` included.
    public static var names: [String] { allCases.map(\.rawValue) + Commit.allCases.flatMap(\.points) }

    /// Kills the process here if the plan says so.
    @inline(never)
    public func pass() { CrashPlan.current.passed(rawValue) }

    /// The laboratory's value of `WorkConfiguration.silentSeconds`, so that a tour does not wait ten seconds per death.
    public static var silentSeconds: Double? { CrashPlan.current.silentSeconds }
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
