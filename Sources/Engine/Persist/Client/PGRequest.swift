// One request on a connection and its callbacks. Thread: the loop's.

/// A statement or direct command. Its `done` is called exactly once.
final class PGRequest {
    enum Work {
        case statement(Statement, PGParameters, key: String)
        /// Text for the simple protocol: a script of several statements, or a COPY. Never contains values.
        case script(String)
    }

    let work: Work
    /// Longest silence of the server while this is the oldest request, seconds; nil means no limit.
    let limitSeconds: Double?
    var rows = Rows(nil)
    /// Called when a COPY is open and takes data, or has some.
    var opened: (() -> Void)?
    var done: ((Result<Rows, DatabaseError>) -> Void)?

    convenience init(
        _ statement: Statement, _ values: [PGValue], limitSeconds: Double?,
        _ done: @escaping (Result<Rows, DatabaseError>) -> Void
    ) throws(DatabaseError) {
        let parameters = try PGParameters(values)
        let work = Work.statement(statement, parameters, key: parameters.key(statement.sql))
        self.init(work, limitSeconds: limitSeconds, done)
    }

    init(_ work: Work, limitSeconds: Double?, _ done: @escaping (Result<Rows, DatabaseError>) -> Void) {
        self.work = work
        self.limitSeconds = limitSeconds
        self.done = done
    }

    /// Name for errors and logs.
    var name: String {
        switch work {
        case .statement(let statement, _, _): statement.name.description
        case .script: "script"
        }
    }

    func finish(_ failure: DatabaseError?) {
        let done = done
        self.done = nil
        opened = nil
        done?(failure.map { .failure($0) } ?? .success(rows))
    }
}
