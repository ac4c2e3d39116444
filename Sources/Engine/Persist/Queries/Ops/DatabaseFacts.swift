// Facts about the database for `generation-service check`. Only reads; the schema need not exist.

public struct DatabaseFacts: Sendable {
    /// For example `15.14 (Debian 15.14-0+deb12u1)`.
    public var version: String
    /// 15 for version 15.14.
    public var major: Int
    public var user: String
    public var database: String
    public var connectionsMax: Int
    /// True if the user may create tables.
    public var mayCreate: Bool
    /// True for a stand-by server, which accepts no writes.
    public var isReadOnly: Bool
    /// Number of applied migrations; nil if the service has never used this database.
    public var migrations: Int?
}

public enum LoadDatabaseFacts {
    private static let serverStatement = Statement(
        "facts_server",
        """
        SELECT current_setting('server_version'), current_setting('server_version_num')::int8 / 10000,
               current_user::text, current_database()::text, current_setting('max_connections')::int8,
               coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),
               pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on',
               to_regclass('schema_migrations') IS NOT NULL
        """)
    private static let migrationsStatement = Statement("facts_migrations", "SELECT count(*) FROM schema_migrations")

    public static func run(_ db: any Querying) async throws(DatabaseError) -> DatabaseFacts {
        guard let row = try await db.query(serverStatement, []).first else {
            throw DatabaseError(.lost(mayHaveHappened: false), "the server returned no row")
        }
        var migrations: Int?
        if row.bool(7) { migrations = try await db.query(migrationsStatement, []).first?.int(0) }
        return DatabaseFacts(
            version: row.text(0), major: row.int(1), user: row.text(2), database: row.text(3),
            connectionsMax: row.int(4), mayCreate: row.bool(5), isReadOnly: row.bool(6), migrations: migrations)
    }
}
