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
    /// Attempts under way at a time, in all and to one host: a slow receiver delays nobody else (C6.3).
    public var inFlightMax = 256
    public var inFlightPerHost = 8

    public init(keys: SignatureKeys, incarnation: Identifier, addresses: AddressPolicy) {
        self.keys = keys
        self.incarnation = incarnation
        self.addresses = addresses
    }
}
