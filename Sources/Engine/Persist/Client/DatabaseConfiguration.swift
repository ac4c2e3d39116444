// Settings of the PostgreSQL client. A plain value, any thread.

/// Address of the database and the resources that one pool may use.
public struct DatabaseConfiguration: Sendable {
    /// A libpq URL or keyword string. Several hosts are tried in turn; host names are resolved at every attempt. The
    /// server must be PostgreSQL 14 or later.
    public var url: String
    /// Exclusive connections, for `session` and `transaction`.
    public var connections = 4
    /// Connections that `query` shares by pipelining. They never run a transaction of several statements.
    public var sharedConnections = 2
    /// Most sessions that may wait for a connection, and most concurrent `query`
    /// calls; above it calls fail with `.busy`.
    public var waitersMax = 1024
    /// Longest wait for an exclusive connection, seconds; after it the call fails with `.busy`.
    public var acquireSeconds = 5.0
    /// Longest connection attempt over all hosts, seconds.
    public var connectSeconds = 5.0
    /// Longest statement, seconds. The server enforces it too, and the client drops a connection that exceeds it.
    public var statementSeconds = 30.0
    /// Name shown in `pg_stat_activity`, unless the URL sets one.
    public var applicationName = "generation-service"

    public init(url: String) { self.url = url }

    /// Seconds after which a silent server is given up. One second more than the server's own limit, which costs only
    /// the statement and not the connection.
    var limitSeconds: Double { statementSeconds + 1 }

    /// nil, or the reason why the URL is unusable. The text quotes nothing of the URL, which can contain a password.
    public var problem: String? {
        ConnectionSettings(self) == nil ? "the database URL is not a valid libpq URL or keyword string" : nil
    }
}
