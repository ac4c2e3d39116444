// Settings of the webhook sender.

public struct WebhookConfiguration: Sendable {
    public var keys: SignatureKeys
    public var incarnation: Identifier
    public var schedule = DeliverySchedule()
    /// Time limit of the whole exchange, seconds (`WEBHOOK_TIMEOUT`).
    public var timeoutSeconds = 30.0
    public var addresses: AddressPolicy
    /// Longest wait for a free connection, seconds, in addition to `timeoutSeconds`.
    public var queueSeconds = 120.0
    /// Interval of outbox polls without a notification, seconds.
    public var pollSeconds = 5.0
    /// A claimer whose last heartbeat is older than this is dead, seconds.
    public var silentSeconds = 10.0
    /// Time limit to read and sign a body, seconds.
    public var readSeconds = 60.0
    /// Time limit to record an outcome, seconds; after it the outcome is lost.
    public var bookSeconds = 120.0
    /// Time that running attempts get after `stop`, seconds (`SHUTDOWN_GRACE`).
    public var graceSeconds = 30.0
    /// Most concurrent attempts. The total leaves connections of the ``HTTPClient`` for images and OpenAI. The limits
    /// per receiver and per job keep a slow one from delaying the others (C6.3).
    public var inFlightMax = 128
    public var inFlightPerReceiver = 8
    public var inFlightPerJob = 64

    /// Duration of a claim, seconds: longer than the longest attempt.
    var holdSeconds: Double { readSeconds + queueSeconds + timeoutSeconds + bookSeconds + 10 }

    public init(keys: SignatureKeys, incarnation: Identifier, addresses: AddressPolicy) {
        self.keys = keys
        self.incarnation = incarnation
        self.addresses = addresses
    }
}
