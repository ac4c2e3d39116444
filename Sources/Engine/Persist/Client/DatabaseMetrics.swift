// Metrics of a loop's connections to PostgreSQL. Written on the loop's thread, read on any.

public final class DatabaseMetrics: Sendable {
    /// Outcome of a statement.
    public enum Outcome: Int, MetricLabel {
        case ok
        /// The server refused it.
        case refused
        case timedOut
        /// The connection was lost before the answer arrived.
        case lost
        case cancelled
    }

    /// Reason why a caller got no connection.
    public enum Refusal: Int, MetricLabel {
        /// All connections were in use until the time limit, or too many callers wait.
        case busy
        case unavailable
    }

    /// Current state of the pool.
    public enum Pool: Int, MetricLabel {
        /// Connections that are up.
        case shared, exclusive
        /// Exclusive connections on loan.
        case lent
        /// Callers that wait for a connection.
        case waiting
    }

    /// Time from passing a statement to its connection to its end. COPY and scripts are not counted.
    public let durations = Histograms(.moments)
    public let statements = Counts<Outcome>()
    public let refusals = Counts<Refusal>()
    public let pool = Counts<Pool>()
    /// Rows that a newer version wrote; this version leaves them alone.
    public let unreadable = Counts<UnknownText>()
    private let begun = Tallies(1)
    private let waiting = Tallies(1)

    public init() {}

    func statementBegan() { begun.add(at: 0) }

    func statementEnded(_ outcome: Outcome, nanoseconds: Int) {
        statements.add(outcome)
        durations.observe(nanoseconds: nanoseconds)
    }

    func answerWaits() { waiting.add(at: 0) }

    /// Number of attempts to write a paid answer that the database refused or could not do. The answer is kept and
    /// written again. Any thread.
    public var answersWaited: Int { waiting[0] }

    /// Number of running statements. Any thread.
    public var inFlight: Int { max(0, begun[0] - Outcome.allCases.reduce(0) { $0 + statements[$1] }) }
}

/// The columns whose text decides how a row is handled. Used by the error and the metric.
public enum UnknownText: Int, MetricLabel {
    case jobStatus, jobStage, batchState, batchStage, deliveryStatus
}
