// Settings of the job engine.

/// How images reach the provider (C5.5).
public enum ImageMode: String, Sendable, CaseIterable {
    /// Checked by us, then named by URL.
    case url
    /// Fetched by us and sent along, base64.
    case inline
}

public struct WorkConfiguration: Sendable {
    /// An instance without a heartbeat for longer is taken for dead, seconds.
    public static let silentSeconds = 10.0

    /// The name of this process: the operator's label (`INSTANCE_ID`) and eight digits of `incarnation`, so that two
    /// processes never have the same name. The label tells people which machine it is.
    public let instance: String
    /// Random per process. Leases and claims are bound to it.
    public let incarnation: Identifier
    /// Between two looks at a batch, and at the queue when no notification came, seconds (`WORKER_POLL_INTERVAL`).
    public var pollSeconds = 30.0
    /// Between heartbeats, seconds.
    public var heartbeatSeconds = 3.0
    /// An instance silent for longer has lost its leases, seconds.
    public var silentSeconds = WorkConfiguration.silentSeconds
    /// How long a batch whose creation got no reply may take to show up in the list, seconds.
    public var settleSeconds = 20.0
    /// When jobs have to be over (`DEADLINE_HOURS`).
    public var deadline = JobDeadline()
    public var imageMode = ImageMode.url
    public var batchBounds = BatchBounds()
    /// Input tokens that may wait in the account's batches for one model; nil: as many as it takes.
    public var enqueuedTokens: Int?
    /// How long what costs money may go on after `stop`, seconds (`SHUTDOWN_GRACE`).
    public var graceSeconds = 30.0
    /// Jobs that one shard works on at a time; those that wait do not count.
    public var jobsMax = 32
    /// Jobs that one shard holds, most of them waiting.
    public var jobsHeldMax = 4096
    /// Images looked at together for one job.
    public var imagesInFlight = 64
    /// Lots whose images are looked at before they are written down.
    public var imagePageLots = 200
    /// Answers stored in one transaction.
    public var collectPageLines = 500
    /// Where batch files are built (`SPOOL_DIR`).
    public var spoolDirectory = "/tmp"
    /// First and longest wait after a failure, seconds.
    public var backoffFirstSeconds = 1.0
    public var backoffMaxSeconds = 60.0

    /// Rows that a newer version wrote, as met by all loops.
    public let unreadable = UnreadableRows()

    public init(label: String) {
        incarnation = .random()
        instance = "\(label)-\(incarnation.description.prefix(8))"
    }
}
