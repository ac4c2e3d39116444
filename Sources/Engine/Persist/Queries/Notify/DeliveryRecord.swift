// A row of the outbox, as a sender claims it. A value.

/// A delivery to be attempted.
public struct DeliveryRecord: Sendable {
    public let id: Identifier
    public let job: Identifier
    public let url: String
    /// `host:port` in lower case, as the URL spells it.
    public let receiver: String
    public let event: String
    /// Attempts that have ended.
    public let attempts: Int
    /// Those among them that belong to earlier series: the delivery was sent anew after them.
    public let attemptsBefore: Int
    /// The `X-Request-ID` of the request that made the job; nil for old ones.
    public let requestID: String?

    public init(
        id: Identifier, job: Identifier, url: String, receiver: String, event: String, attempts: Int,
        attemptsBefore: Int, requestID: String? = nil
    ) {
        self.id = id
        self.job = job
        self.url = url
        self.receiver = receiver
        self.event = event
        self.attempts = attempts
        self.attemptsBefore = attemptsBefore
        self.requestID = requestID
    }

    /// The number of the next attempt, over all series.
    public var nextAttempt: Int { attempts + 1 }
    /// The same within its series.
    public var nextInSeries: Int { nextAttempt - attemptsBefore }
}
