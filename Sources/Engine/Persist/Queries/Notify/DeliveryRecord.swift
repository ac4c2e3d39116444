// A row of the outbox, as a sender claims it. A value.

/// A delivery to be attempted.
public struct DeliveryRecord: Sendable {
    public let id: Identifier
    public let job: Identifier
    public let url: String
    /// `host:port` in lower case, as in the URL.
    public let receiver: String
    public let event: String
    /// Number of ended attempts.
    public let attempts: Int
    /// Number of those in earlier series, before the last redelivery.
    public let attemptsBefore: Int
    /// The `X-Request-ID` of the request that created the job; nil for jobs older than that column.
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
    /// The number of the next attempt within its series.
    public var nextInSeries: Int { nextAttempt - attemptsBefore }
}
