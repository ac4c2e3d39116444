// State of a connection to PostgreSQL and the results that the server still owes. Pure: events in, actions out;
// PGConnection executes the actions.
import DequeModule

/// One connection, from the first packet to the last.
///
///     idle -> resolving -> polling -> pipeline <-> direct(sent -> copyIn | copyOut -> ending)
///                 any of them -> ended
///
/// Statements share the connection by pipelining. Each has a Sync of its own, so a failed statement aborts no other
/// one, and a statement is committed once its Sync is answered. A *direct* command (a script, a COPY) cannot be
/// pipelined: it waits until the pipeline is empty, and later requests wait until it has ended.
struct PGConnectionMachine<Request> {
    enum State {
        case idle
        case resolving
        case polling
        case pipeline
        case direct(Request, Phase)
        case ended
    }

    enum Phase { case sent, copyIn, copyOut, ending }

    enum Command: Equatable {
        /// A prepared statement, by its key within this connection.
        case statement(String)
        case direct
    }

    enum Polled { case reading, writing, connected, failed(DatabaseError) }

    /// Result of PQgetResult.
    enum Arrival {
        /// A result: rows, or the tag of a command.
        case result
        case failure(DatabaseError)
        /// Skipped because an earlier command of the same statement failed.
        case aborted
        case copyIn
        case copyOut
        /// The answer to a Sync.
        case sync
        /// NULL: the end of one command's results.
        case end
    }

    enum Event {
        case connect(needsLook: Bool)
        case lookedUp(found: Bool)
        case polled(Polled)
        case submit(Request, Command)
        case arrived(Arrival)
        /// PQputCopyEnd was accepted, or PQgetCopyData reported the end.
        case copyEnded
        /// The oldest statement has exceeded its limit.
        case expired
        /// The socket broke, or a user drops the connection.
        case failed(DatabaseError)
        /// Starts a request that was held back, after an action that emptied the pipeline.
        case advance
    }

    enum Action {
        case nothing
        case lookUp
        case open
        case awaitReadable
        case awaitWritable
        case becomeReady
        case send(Request, key: String, prepare: Bool)
        case startDirect(Request)
        /// Store the latest result for this request.
        case store(Request)
        case opened(Request)
        /// Finish the request; a nil error means success, with the result stored last.
        case finish(Request, DatabaseError?)
        /// As `finish`, and the connection returns to pipelining.
        case finishDirect(Request, DatabaseError?)
        case end(DatabaseError, [(Request, DatabaseError)])
    }

    private enum Owed {
        case prepare(Request, key: String)
        case execute(Request, key: String)
        case sync(Request)
    }

    private(set) var state = State.idle
    private var owed = Deque<Owed>()
    private var held = Deque<(Request, Command)>()
    private var prepared: Set<String> = []
    /// The first failure of the statement or direct command that is being answered.
    private var failure: DatabaseError?

    /// True while PQgetResult may be called. Otherwise its NULL for "no more results" would count as an answer.
    var expectsResult: Bool {
        switch state {
        case .pipeline: !owed.isEmpty
        case .direct(_, .sent), .direct(_, .ending): true
        case .direct(_, .copyIn), .direct(_, .copyOut), .idle, .resolving, .polling, .ended: false
        }
    }

    var isReady: Bool {
        switch state {
        case .pipeline, .direct: true
        case .idle, .resolving, .polling, .ended: false
        }
    }

    var hasEnded: Bool {
        switch state {
        case .ended: true
        case .idle, .resolving, .polling, .pipeline, .direct: false
        }
    }

    /// The request that the server is answering now.
    var oldest: Request? {
        switch state {
        case .direct(let request, _): request
        case .pipeline:
            switch owed.first {
            case .prepare(let request, _), .execute(let request, _), .sync(let request): request
            case nil: nil
            }
        case .idle, .resolving, .polling, .ended: nil
        }
    }

    /// True while a COPY is open; its duration depends on its user.
    var isCopying: Bool {
        switch state {
        case .direct(_, .copyIn), .direct(_, .copyOut): true
        case .direct(_, .sent), .direct(_, .ending), .idle, .resolving, .polling, .pipeline, .ended: false
        }
    }

    /// True if nothing is owed, held back or running.
    var isQuiet: Bool {
        switch state {
        case .pipeline: owed.isEmpty && held.isEmpty
        case .idle, .resolving, .polling, .direct, .ended: false
        }
    }

    mutating func received(_ event: Event) -> Action {
        switch event {
        case .connect(let needsLook): return connect(needsLook: needsLook)
        case .lookedUp(let found): return lookedUp(found: found)
        case .polled(let outcome): return polled(outcome)
        case .submit(let request, let command): return submit(request, command)
        case .arrived(let arrival): return arrived(arrival)
        case .copyEnded: return copyEnded()
        case .expired: return expired()
        case .failed(let error): return end(error, oldest: nil)
        case .advance: return advance()
        }
    }

    // MARK: Connecting

    private mutating func connect(needsLook: Bool) -> Action {
        guard case .idle = state else { preconditionFailure("a connection can be connected only once") }
        state = needsLook ? .resolving : .polling
        return needsLook ? .lookUp : .open
    }

    private mutating func lookedUp(found: Bool) -> Action {
        switch state {
        case .resolving:
            guard found else { return end(.unavailable("no host of the database URL could be resolved"), oldest: nil) }
            state = .polling
            return .open
        case .ended: return .nothing  // the connection was dropped during the lookup
        case .idle, .polling, .pipeline, .direct: preconditionFailure("no lookup is running")
        }
    }

    private mutating func polled(_ outcome: Polled) -> Action {
        guard case .polling = state else { preconditionFailure("a connection is polled only while it connects") }
        switch outcome {
        case .reading: return .awaitReadable
        case .writing: return .awaitWritable
        case .failed(let error): return end(error, oldest: nil)
        case .connected:
            state = .pipeline
            return .becomeReady
        }
    }

    // MARK: Requests

    private mutating func submit(_ request: Request, _ command: Command) -> Action {
        switch state {
        case .pipeline where held.isEmpty: return begin(request, command)
        case .pipeline, .direct:
            held.append((request, command))
            return .nothing
        case .idle, .resolving, .polling, .ended: return .finish(request, .unavailable("the connection is not open"))
        }
    }

    private mutating func begin(_ request: Request, _ command: Command) -> Action {
        switch command {
        case .statement(let key):
            let isNew = prepared.insert(key).inserted
            if isNew { owed.append(.prepare(request, key: key)) }
            owed.append(.execute(request, key: key))
            owed.append(.sync(request))
            return .send(request, key: key, prepare: isNew)
        case .direct:
            guard owed.isEmpty else {
                held.append((request, command))
                return .nothing
            }
            state = .direct(request, .sent)
            return .startDirect(request)
        }
    }

    private mutating func advance() -> Action {
        guard case .pipeline = state, let (request, command) = held.first else { return .nothing }
        if command == .direct, !owed.isEmpty { return .nothing }
        held.removeFirst()
        return begin(request, command)
    }

    // MARK: Results

    private mutating func arrived(_ arrival: Arrival) -> Action {
        switch state {
        case .pipeline: pipelineArrived(arrival)
        case .direct(let request, let phase): directArrived(arrival, request, phase)
        case .idle, .resolving, .polling, .ended: preconditionFailure("a result came to a connection that is not open")
        }
    }

    private mutating func pipelineArrived(_ arrival: Arrival) -> Action {
        guard let head = owed.first else { preconditionFailure("a result came, but the server owes none") }
        switch (head, arrival) {
        case (.prepare, .result), (.execute, .aborted), (.prepare, .aborted): return .nothing
        case (.prepare(_, let key), .failure(let error)):
            prepared.remove(key)
            if failure == nil { failure = error }
            return .nothing
        case (.execute(let request, _), .result): return .store(request)
        case (.execute(_, let key), .failure(let error)):
            // The server no longer knows the statement, or its plan no longer fits
            // the tables: prepare it again next time.
            if error.sqlState == "26000" || error.sqlState == "0A000" { prepared.remove(key) }
            if failure == nil { failure = error }
            return .nothing
        case (.prepare, .end), (.execute, .end):
            owed.removeFirst()
            return .nothing
        case (.sync, .failure(let error)):  // a deferred constraint fails at the commit that Sync implies
            if failure == nil { failure = error }
            return .nothing
        case (.sync, .end): return .nothing
        case (.sync(let request), .sync):
            owed.removeFirst()
            return .finish(request, takeFailure())
        case (_, .copyIn), (_, .copyOut), (.prepare, .sync), (.execute, .sync), (.sync, .result), (.sync, .aborted):
            return end(
                DatabaseError(.lost(mayHaveHappened: true), "the server's answers do not match the statements"),
                oldest: nil)
        }
    }

    private mutating func directArrived(_ arrival: Arrival, _ request: Request, _ phase: Phase) -> Action {
        switch arrival {
        case .result: return .store(request)
        case .failure(let error):
            if failure == nil { failure = error }
            return .nothing
        case .copyIn where phase == .sent:
            state = .direct(request, .copyIn)
            return .opened(request)
        case .copyOut where phase == .sent:
            state = .direct(request, .copyOut)
            return .opened(request)
        case .end:
            state = .pipeline
            return .finishDirect(request, takeFailure())
        case .copyIn, .copyOut, .sync, .aborted:
            return end(
                DatabaseError(.lost(mayHaveHappened: true), "the server's answer does not match the command"),
                oldest: nil)
        }
    }

    private mutating func copyEnded() -> Action {
        switch state {
        case .direct(let request, .copyIn), .direct(let request, .copyOut): state = .direct(request, .ending)
        case .direct(_, .sent), .direct(_, .ending), .pipeline, .idle, .resolving, .polling:
            preconditionFailure("no COPY is open")
        case .ended: break
        }
        return .nothing
    }

    private mutating func takeFailure() -> DatabaseError? {
        defer { failure = nil }
        return failure
    }

    // MARK: The end

    private mutating func expired() -> Action {
        let error = DatabaseError(.timedOut, "the server did not answer in time")
        switch state {
        case .resolving, .polling: return end(.unavailable("the server did not answer in time"), oldest: nil)
        case .pipeline, .direct: return end(DatabaseError(.lost(mayHaveHappened: true), error.message), oldest: error)
        case .idle, .ended: return .nothing
        }
    }

    /// - Parameter oldest: error of the statement that is being answered, if it differs from that of the others.
    private mutating func end(_ error: DatabaseError, oldest: DatabaseError?) -> Action {
        if case .ended = state { return .nothing }
        var told = waiting(error, oldest: failure ?? oldest ?? error)
        told += held.map { ($0.0, .unavailable(error.message)) }
        state = .ended
        owed.removeAll()
        held.removeAll()
        failure = nil
        return .end(error, told)
    }

    private func waiting(_ error: DatabaseError, oldest: DatabaseError) -> [(Request, DatabaseError)] {
        switch state {
        case .direct(let request, _): return [(request, oldest)]
        case .pipeline:
            var told: [(Request, DatabaseError)] = []
            for case .sync(let request) in owed { told.append((request, told.isEmpty ? oldest : error)) }
            return told
        case .idle, .resolving, .polling, .ended: return []
        }
    }
}
