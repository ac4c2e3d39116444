// Settings of the job engine.

/// How images reach the provider (C5.5).
public enum ImageMode: String, Sendable, CaseIterable {
    /// The service checks them; the provider loads them by URL.
    case url
    /// The service fetches them and sends them inline, base64.
    case inline
}

public struct WorkConfiguration: Sendable {
    /// Longest time without a heartbeat before an instance counts as dead, seconds.
    public static let silentSeconds = 10.0

    /// The name of this process: the operator's label (`INSTANCE_ID`) and eight digits of `incarnation`, so that two
    /// processes never have the same name. The label is for people.
    public let instance: String
    /// Random per process. Leases and claims are bound to it.
    public let incarnation: Identifier
    /// Time between two polls of a batch, and between two looks at the queue without a notification, seconds
    /// (`WORKER_POLL_INTERVAL`).
    public var pollSeconds = 30.0
    /// Time between heartbeats, seconds.
    public var heartbeatSeconds = 3.0
    /// Longest silence of an instance before its leases are lost, seconds.
    public var silentSeconds = WorkConfiguration.silentSeconds
    /// Time that a batch may need to appear in the provider's list after its creation was given up without a reply,
    /// seconds (`OPENAI_SETTLE`). It grows with what the account has shown.
    public var settleSeconds = 600.0
    /// Time that a job has (`DEADLINE_HOURS`).
    public var deadline = JobDeadline()
    public var imageMode = ImageMode.url
    public var batchBounds = BatchBounds()
    /// Whether lots go into provider batches (`OPENAI_BATCHES`); if not, each one has its own call.
    public var usesBatches = true
    /// Direct calls of jobs at the same time, per loop (`OPENAI_PARALLEL_CALLS`).
    public var parallelCalls = 16
    /// Most input tokens of the account's provider batches for one model; nil: the provider's own limit.
    public var enqueuedTokens: Int?
    /// Longest time that a paid call may go on after `stop`, seconds (`SHUTDOWN_GRACE`).
    public var graceSeconds = 30.0
    /// Most jobs at work per shard; waiting jobs do not count.
    public var jobsMax = 32
    /// Most jobs held per shard, most of them waiting.
    public var jobsHeldMax = 4096
    /// Images checked at the same time for one job.
    public var imagesInFlight = 64
    /// Lots whose images are checked before the results are written.
    public var imagePageLots = 200
    /// Answers stored per transaction.
    public var collectPageLines = 500
    /// Folder in which batch files are built (`SPOOL_DIR`).
    public var spoolDirectory = "/tmp"
    /// First and longest wait after a failure, seconds.
    public var backoffFirstSeconds = 1.0
    public var backoffMaxSeconds = 60.0

    /// Rows of a newer version that any loop has met.
    public let unreadable = UnreadableRows()

    public init(label: String) {
        incarnation = .random()
        instance = "\(label)-\(incarnation.description.prefix(8))"
    }
}
