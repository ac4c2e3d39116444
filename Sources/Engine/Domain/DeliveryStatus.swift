// The status of a webhook delivery. Pure.

public enum DeliveryStatus: String, CaseIterable, Sendable {
    /// It waits for its next attempt, or one is under way.
    case pending
    case delivered
    /// Its last attempt failed.
    case failed
}
