// The whole service in the test's process, on its own port. Thread: any.
import Engine
import Foundation
import Logging
import Server

/// A running service. Every test stops its own.
public final class TestServer: Sendable {
    public static let key = "a-shared-key-for-tests-of-32-characters-or-more"

    public let port: Int
    /// Port of `/metrics`; 0 if it is not served.
    public var metricsPort: Int { app.metricsPort }
    public var baseURL: String { "http://127.0.0.1:\(port)" }
    private let app: App

    private init(_ app: App) {
        self.app = app
        port = app.port
    }

    /// Starts it with `settings` over settings for tests: no rate limits, private networks allowed, no OpenAI, short
    /// polls, one shard.
    /// - Parameters:
    ///   - runsBackground: false leaves jobs unchanged.
    ///   - eagerBytesPerSecond: see ``App/init``.
    ///   - tune: changes values that are no settings, such as time limits.
    public static func start(
        database: String, _ settings: [String: String] = [:], runsBackground: Bool = false,
        eagerBytesPerSecond: Double = .infinity, tune: (inout Config) -> Void = { _ in }
    ) async throws -> TestServer {
        let defaults = [
            "DATABASE_URL": database, "OPENAI_API_KEY": "sk-test", "SHARED_KEY": key, "BIND": "127.0.0.1:0",
            "METRICS_BIND": "127.0.0.1:0",
            "OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8",
            "RATE_LIMIT_SYNC": "0", "RATE_LIMIT_BATCH": "0", "RATE_LIMIT_POLL": "0", "WORKER_THREADS": "1",
            "WORKER_POLL_INTERVAL": "0.1", "LOG_FILE": "", "SHUTDOWN_GRACE": "5",
            "INSTANCE_ID": "test-\(UUID().uuidString)", "SPOOL_DIR": FileManager.default.temporaryDirectory.path,
        ]
        var config = try Config.read(environment: defaults.merging(settings) { $1 })
        tune(&config)
        var log = Logger(label: "test")
        log.logLevel = .critical
        let app = App(
            config: config, runsBackground: runsBackground, eagerBytesPerSecond: eagerBytesPerSecond, log: log)
        try await app.start()
        return TestServer(app)
    }

    public func stop() async { await app.stop() }

    /// Runs `body` with a service on a fresh database, and removes both afterwards.
    public static func with<Value: Sendable>(
        _ settings: [String: String] = [:], runsBackground: Bool = false, eagerBytesPerSecond: Double = .infinity,
        tune: @Sendable (inout Config) -> Void = { _ in },
        _ body: @Sendable (TestServer, _ database: String) async throws -> Value
    ) async throws -> Value {
        try await TestDatabase.with { database in
            let server = try await start(
                database: database, settings, runsBackground: runsBackground, eagerBytesPerSecond: eagerBytesPerSecond,
                tune: tune)
            let result: Result<Value, any Error>
            do { result = .success(try await body(server, database)) } catch { result = .failure(error) }
            await server.stop()
            return try result.get()
        }
    }
}

// MARK: - Requests

extension TestServer {
    public typealias Reply = HTTPTestClient.Reply

    public static func sign(_ text: String) -> String { SignatureKeys(shared: key).sign(text) }

    /// One request on a new connection. `signed`: the text that `X-Signature` covers; nil sends none.
    public func send(
        _ method: String, _ target: String, signed: String? = nil, headers: [(String, String)] = [], body: String? = nil
    ) async throws -> Reply {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
        if let signed { head += "X-Signature: \(TestServer.sign(signed))\r\n" }
        if let body { head += "Content-Length: \(body.utf8.count)\r\n" }
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        return try await raw(pieces: [head + "\r\n" + (body ?? "")], toHead: method == "HEAD")
    }

    /// Sends exactly these pieces, one after the other, and reads one reply.
    public func raw(pieces: [String], toHead: Bool = false) async throws -> Reply {
        try await onLoop { [port] loop in
            let client = try await HTTPTestClient.connect(port: port, on: loop)
            defer { client.close() }
            for piece in pieces {
                client.send(piece)
                await loop.yield()
            }
            return try await client.reply(toHead: toHead)
        }
    }

    /// A request to a job's endpoint, signed by C1.5.
    public func poll(_ path: String, job: String, method: String = "GET") async throws -> Reply {
        try await send(method, path.replacingOccurrences(of: ":job", with: job), signed: job)
    }

    /// `POST generate-descriptions`, the body signed raw (C1.3).
    public func generate(_ body: String, headers: [(String, String)] = []) async throws -> Reply {
        try await send(
            "POST", "/api/v1/generate-descriptions", signed: body,
            headers: [("Content-Type", "application/json")] + headers, body: body)
    }
}

extension HTTPTestClient.Reply {
    public var json: JSONValue { (try? JSONValue.parse(body)) ?? .null }
    /// The members of the body's object, in order.
    public var members: [String] { json.memberNames }
    public var code: String? { json["code"]?.string }
}

extension JSONValue {
    /// An object's members, in order; none of another value.
    public var objectMembers: [(String, JSONValue)] {
        guard case .object(let members) = self else { return [] }
        return members
    }

    /// The names of an object's members, in order.
    public var memberNames: [String] { objectMembers.map(\.0) }

    public var double: Double? {
        guard case .double(let number) = self else { return int.map(Double.init) }
        return number
    }
}

// MARK: - Its database

/// Reads or changes a database directly.
public func onDatabase<Value: Sendable>(
    _ url: String, _ body: @escaping @Sendable (DatabaseSession) async throws -> Value
) async throws -> Value {
    try await onLoop("test-sql") { loop in
        let database = Database(on: loop, configuration: .patient(url, connections: 1))
        database.start()
        let result: Result<Value, any Error>
        do { result = .success(try await database.session { try await body($0) }) } catch { result = .failure(error) }
        await database.close()
        return try result.get()
    }
}

/// The shortest of three runs of `body`: the machine may delay one.
public func quickestOfThree(_ body: () async throws -> Void) async rethrows -> Duration {
    var shortest = Duration.seconds(3600)
    for _ in 0..<3 {
        let began = ContinuousClock.now
        try await body()
        shortest = min(shortest, ContinuousClock.now - began)
    }
    return shortest
}
