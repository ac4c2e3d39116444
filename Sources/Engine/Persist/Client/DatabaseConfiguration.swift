// What the PostgreSQL client is told at start. A plain value, any thread.

/// Where the database is and how much of it one pool may use.
public struct DatabaseConfiguration: Sendable {
    /// A libpq URL or keyword string; several hosts are tried in turn. Host names are resolved at every attempt. The
    /// server must be PostgreSQL 14 or later.
    public var url: String
    /// Exclusive connections, for `session` and `transaction`.
    public var connections = 4
    /// Connections that `query` shares by pipelining; they never run a transaction of several statements.
    public var sharedConnections = 2
    /// Most sessions that may wait for a connection, and most `query` calls under way at once; beyond it: `.busy`.
    public var waitersMax = 1024
    /// Longest wait for an exclusive connection, seconds; then `.busy`.
    public var acquireSeconds = 5.0
    /// One attempt to connect, over all hosts, seconds.
    public var connectSeconds = 5.0
    /// Longest time for one statement, seconds: the server is told, and the client drops a connection that exceeds it.
    public var statementSeconds = 30.0
    /// Shown in `pg_stat_activity`, unless the URL names one.
    public var applicationName = "generation-service"

    public init(url: String) { self.url = url }

    /// When a silent server is given up, seconds: a little later than it should have ended the statement by itself,
    /// which costs only that statement and not the connection.
    var limitSeconds: Double { statementSeconds + 1 }

    /// nil, or why the URL cannot be used. The text holds nothing of the URL, which may carry a password.
    public var problem: String? {
        ConnectionSettings(self) == nil ? "the database URL is not one that libpq understands" : nil
    }
}
