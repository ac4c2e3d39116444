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

    /// This instance's name: stable over restarts (`INSTANCE_ID`).
    public var instance: String
    /// New at every start: leases of an earlier life of this instance are free.
    public let incarnation = Identifier.random()
    /// Between two looks at a batch, and at the queue when no notification came, seconds (`WORKER_POLL_INTERVAL`).
    public var pollSeconds = 30.0
    /// Between heartbeats, seconds.
    public var heartbeatSeconds = 3.0
    /// An instance silent for longer has lost its leases, seconds.
    public var silentSeconds = WorkConfiguration.silentSeconds
    /// How long a batch whose creation got no reply may take to show up in the list, seconds.
    public var settleSeconds = 20.0
    public var imageMode = ImageMode.url
    public var shardBounds = ShardBounds()
    /// Jobs that one shard of the process works on at a time; most of them wait.
    public var jobsMax = 32
    /// Images looked at together for one job.
    public var imagesInFlight = 64
    /// Lots whose images are looked at before they are written down.
    public var imagePageLots = 200
    /// Answers stored in one transaction.
    public var collectPageLines = 500
    /// Where shard files are built (`SPOOL_DIR`).
    public var spoolDirectory = "/tmp"
    /// First and longest wait after a failure, seconds.
    public var backoffFirstSeconds = 1.0
    public var backoffMaxSeconds = 60.0

    public init(instance: String) { self.instance = instance }
}
