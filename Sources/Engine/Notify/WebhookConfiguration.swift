// Settings of the webhook sender.

public struct WebhookConfiguration: Sendable {
    public var keys: SignatureKeys
    public var incarnation: Identifier
    public var schedule = DeliverySchedule()
    /// The whole exchange, seconds (`WEBHOOK_TIMEOUT`).
    public var timeoutSeconds = 30.0
    public var addresses: AddressPolicy
    /// The wait for a free connection of our own, seconds, apart from `timeoutSeconds`.
    public var queueSeconds = 120.0
    /// Between two looks at the outbox when no notification came, seconds.
    public var pollSeconds = 5.0
    /// A claimer without a heartbeat for longer is dead, seconds.
    public var silentSeconds = 10.0
    /// Reading and signing a body, seconds.
    public var readSeconds = 60.0
    /// An outcome is booked within this, or not at all, seconds.
    public var bookSeconds = 120.0
    /// How long attempts under way may go on after `stop`, seconds (`SHUTDOWN_GRACE`).
    public var graceSeconds = 30.0
    /// Attempts under way at a time: in all, so that images and OpenAI keep connections of the ``HTTPClient``; to one
    /// receiver and of one job, so that a slow one delays nobody else (C6.3).
    public var inFlightMax = 128
    public var inFlightPerReceiver = 8
    public var inFlightPerJob = 64

    /// A claim holds for this long, seconds: longer than an attempt can take.
    var holdSeconds: Double { readSeconds + queueSeconds + timeoutSeconds + bookSeconds + 10 }

    public init(keys: SignatureKeys, incarnation: Identifier, addresses: AddressPolicy) {
        self.keys = keys
        self.incarnation = incarnation
        self.addresses = addresses
    }
}
