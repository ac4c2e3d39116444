// Decides when a delivery is attempted again (C6.2). Pure.

public struct DeliverySchedule: Sendable {
    /// Most attempts per delivery (`WEBHOOK_MAX_RETRIES`).
    public var attemptsMax = 5
    /// Wait before the second attempt, seconds (`WEBHOOK_RETRY_BASE`); it doubles for each further one.
    public var baseSeconds = 30.0
    /// The longest wait is this many times the first.
    private static let longestFactor = 1_048_576.0

    public init(attemptsMax: Int = 5, baseSeconds: Double = 30) {
        self.attemptsMax = attemptsMax
        self.baseSeconds = baseSeconds
    }

    public enum NextStep: Equatable, Sendable {
        case delivered
        case again(afterSeconds: Double)
        case failed
    }

    /// Decides what follows attempt number `attempt` (from 1): a wait of 30, 60, 120 and 240 s, then the end.
    public func verdict(attempt: Int, succeeded: Bool) -> NextStep {
        if succeeded { return .delivered }
        guard attempt < attemptsMax else { return .failed }
        let backOff = BackOff(firstSeconds: baseSeconds, mostSeconds: baseSeconds * Self.longestFactor)
        return .again(afterSeconds: backOff.longest(failures: attempt))
    }

    /// True for 200, 201 and 202 only.
    public static func isSuccess(_ status: Int) -> Bool { (200...202).contains(status) }
}
