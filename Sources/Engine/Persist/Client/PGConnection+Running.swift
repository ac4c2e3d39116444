// Runs requests for tasks: submits and waits. Frees nothing. Thread: the loop's.
import CShims

extension PGConnection {
    /// State of the transaction on a quiet connection.
    enum TransactionState { case none, open, unknown }

    var transactionState: TransactionState {
        guard let pg, machine.isQuiet else { return .unknown }
        switch PQtransactionStatus(pg) {
        case PQTRANS_IDLE: return .none
        case PQTRANS_INTRANS, PQTRANS_INERROR: return .open
        default: return .unknown
        }
    }

    /// Runs a prepared statement. `settled` is called when the statement no longer occupies the connection; after a
    /// cancellation that is later than the return.
    func run(
        _ statement: Statement, _ values: [PGValue], limitSeconds: Double?, cancelled: (() -> Void)? = nil,
        settled: (() -> Void)? = nil
    ) async throws(DatabaseError) -> Rows {
        let waiter = RequestWaiter(settled)
        let request: PGRequest
        do { request = try PGRequest(statement, values, limitSeconds: limitSeconds, waiter.settle) } catch {
            settled?()
            throw error
        }
        if let metrics { waiter.measure(in: metrics) }
        return try await wait(request, waiter, cancelled)
    }

    /// Runs a script in the simple protocol: several statements, separated by semicolons, without values.
    func run(script: String, limitSeconds: Double?, cancelled: (() -> Void)? = nil) async throws(DatabaseError) -> Rows
    {
        let waiter = RequestWaiter(nil)
        return try await wait(PGRequest(.script(script), limitSeconds: limitSeconds, waiter.settle), waiter, cancelled)
    }

    private func wait(
        _ request: PGRequest, _ waiter: RequestWaiter, _ cancelled: (() -> Void)?
    ) async throws(DatabaseError) -> Rows {
        let result: Result<Rows, DatabaseError>
        do {
            result = try await loop.park { (ticket: Ticket<Result<Rows, DatabaseError>>) in
                waiter.ticket = ticket
                ticket.whenCancelled = cancelled
                submit(request)
            }
        } catch {
            throw .cancelled
        }
        return try result.get()
    }

    /// Opens a COPY.
    func open(copy sql: String, limitSeconds: Double?) async throws(DatabaseError) -> CopyOutcome {
        let outcome = CopyOutcome()
        let waiter = RequestWaiter(nil)
        let request = PGRequest(.script(sql), limitSeconds: limitSeconds) { result in
            outcome.settle(result)
            waiter.settle(result)
        }
        request.opened = { waiter.settle(.success(Rows(nil))) }
        _ = try await wait(request, waiter) { self.drop(.cancelled) }
        if case .success = outcome.result {
            throw DatabaseError(.statement(sqlState: "42601"), "the text is not a COPY")
        }
        return outcome
    }
}

/// Connects a request's only result to the ticket of the waiting task.
private final class RequestWaiter {
    var ticket: Ticket<Result<Rows, DatabaseError>>?
    private let settled: (() -> Void)?
    private var metrics: DatabaseMetrics?
    private var begun = 0

    init(_ settled: (() -> Void)?) { self.settled = settled }

    /// Starts the measurement of a statement.
    func measure(in metrics: DatabaseMetrics) {
        self.metrics = metrics
        begun = Monotonic.nanoseconds()
        metrics.statementBegan()
    }

    func settle(_ result: Result<Rows, DatabaseError>) {
        metrics?.statementEnded(DatabaseMetrics.Outcome(result), nanoseconds: Monotonic.nanoseconds() - begun)
        settled?()
        ticket?.resume(result)
    }
}

extension DatabaseMetrics.Outcome {
    init(_ result: Result<Rows, DatabaseError>) {
        guard case .failure(let error) = result else {
            self = .ok
            return
        }
        self =
            switch error.kind {
            case .statement: .refused
            case .timedOut: .timedOut
            case .lost, .unavailable, .busy: .lost
            case .cancelled: .cancelled
            // The statement has succeeded; its rows are parsed later.
            case .unknownText: .ok
            }
    }
}
