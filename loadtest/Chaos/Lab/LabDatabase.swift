// The laboratory's own view of the database: created for one run, watched by triggers, queried at the end. Thread: the
// lab's loop; loop-bound.
import Engine

final class LabDatabase {
    let url: String
    let database: Database
    private let server: String
    private let name: String
    let loop: Loop

    private init(url: String, server: String, name: String, on loop: Loop) {
        (self.url, self.server, self.name, self.loop) = (url, server, name, loop)
        database = Database(on: loop, configuration: LabDatabase.configuration(url))
        database.start()
    }

    private static func configuration(_ url: String) -> DatabaseConfiguration {
        var configuration = DatabaseConfiguration(url: url)
        configuration.connections = 2
        configuration.sharedConnections = 1
        configuration.acquireSeconds = 30
        configuration.statementSeconds = 60
        // Marks our connections: only the service's backends are killed.
        configuration.applicationName = "loadtest-chaos"
        return configuration
    }

    /// Creates a database on the server that `url` names.
    static func make(on server: String, loop: Loop) async throws -> LabDatabase {
        let name = "chaos_" + Identifier.random().description.filter { $0 != "-" }.prefix(12)
        try await once(server, "CREATE DATABASE \(name)", on: loop)
        return LabDatabase(url: try replacingName(in: server, by: name), server: server, name: name, on: loop)
    }

    func close() async { await database.close() }

    func drop() async throws {
        try await LabDatabase.once(server, "DROP DATABASE IF EXISTS \(name) WITH (FORCE)", on: loop)
    }

    /// Records every change of a state from now on; the schema must exist.
    func watch() async throws { try await database.session { try await $0.execute(LabQueries.triggers) } }

    /// Ends every connection of the service; returns their number.
    func killBackends() async throws -> Int { try await database.query(LabQueries.killBackends).count }

    private static func once(_ url: String, _ sql: String, on loop: Loop) async throws {
        let database = Database(on: loop, configuration: configuration(url))
        database.start()
        let result: Result<Void, any Error>
        do { result = .success(try await database.session { try await $0.execute(sql) }) } catch {
            result = .failure(error)
        }
        await database.close()
        try result.get()
    }

    /// The URL with another database name between the host's slash and the parameters.
    static func replacingName(in url: String, by name: String) throws(DriverError) -> String {
        guard let scheme = url.firstRange(of: "://") else { throw DriverError("DATABASE_URL is no URL") }
        let rest = url[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let parameters = rest.firstIndex(of: "?").map { rest[$0...] } ?? ""
        return url[..<scheme.upperBound] + authority + "/" + name + parameters
    }
}
