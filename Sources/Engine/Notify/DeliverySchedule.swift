// When a delivery is attempted again (C6.2). Pure.

public struct DeliverySchedule: Sendable {
    /// How often a delivery is attempted (`WEBHOOK_MAX_RETRIES`).
    public var attemptsMax = 5
    /// The wait before the second attempt, seconds (`WEBHOOK_RETRY_BASE`); each further one is twice as long.
    public var baseSeconds = 30.0

    public init(attemptsMax: Int = 5, baseSeconds: Double = 30) {
        self.attemptsMax = attemptsMax
        self.baseSeconds = baseSeconds
    }

    public enum Verdict: Equatable, Sendable {
        case delivered
        case again(afterSeconds: Double)
        case failed
    }

    /// What follows attempt number `attempt` (from 1): 30, 60, 120 and 240 s, then the end.
    public func verdict(attempt: Int, succeeded: Bool) -> Verdict {
        if succeeded { return .delivered }
        guard attempt < attemptsMax else { return .failed }
        return .again(afterSeconds: baseSeconds * Double(1 << min(attempt - 1, 20)))
    }

    /// 200, 201, 202 and nothing else.
    public static func isSuccess(_ status: Int) -> Bool { (200...202).contains(status) }
}
