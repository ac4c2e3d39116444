// What a loop's connections to PostgreSQL do. Written on the loop's thread, read on any.

public final class DatabaseMetrics: Sendable {
    /// How a statement ended.
    public enum Outcome: Int, MetricLabel {
        case ok
        /// The server refused it.
        case refused
        case timedOut
        /// The connection was lost before the answer came.
        case lost
        case cancelled
    }

    /// Why a caller got no connection.
    public enum Refusal: Int, MetricLabel {
        /// All are in use and stayed so, or too many wait.
        case busy
        case unavailable
    }

    /// The pool as it stands.
    public enum Pool: Int, MetricLabel {
        /// Connections that are up.
        case shared, exclusive
        /// Exclusive ones in somebody's hands.
        case lent
        /// Callers that wait for a connection.
        case waiting
    }

    /// From handing a statement to its connection to its end; COPY and scripts are not counted.
    public let durations = Histograms(.moments)
    public let statements = Counts<Outcome>()
    public let refusals = Counts<Refusal>()
    public let pool = Counts<Pool>()
    private let begun = Tallies(1)

    init() {}

    func statementBegan() { begun.add(at: 0) }

    func statementEnded(_ outcome: Outcome, nanoseconds: Int) {
        statements.add(outcome)
        durations.observe(nanoseconds: nanoseconds)
    }

    /// Statements under way. Any thread.
    public var inFlight: Int { max(0, begun[0] - Outcome.allCases.reduce(0) { $0 + statements[$1] }) }
}
