// Empty databases for tests: on the cluster of TEST_DATABASE_URL, or on a private one, started once per test process.
import Engine
import Foundation

/// Creates and drops databases. Each test has its own, so that tests run in any order and in parallel.
public enum TestDatabase {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    private static let cluster = Cluster()
    private static let names = Lock(0)
    /// A cluster's connections are limited.
    private static let gate = Gate(places: 12)

    /// The URL of a new, empty database whose user has all privileges in the cluster.
    public static func fresh() async throws -> String {
        let server = try await cluster.url()
        let number = names.withLock { number in
            number += 1
            return number
        }
        let name = "test_\(ProcessInfo.processInfo.processIdentifier)_\(number)_\(UInt32.random(in: 0 ... .max))"
        try await run("CREATE DATABASE \(name)", on: server)
        return try replaceName(in: server, by: name)
    }

    /// Deletes a database of `fresh`, with all its connections.
    public static func drop(_ url: String) async throws {
        guard let name = URLComponents(string: url)?.path.dropFirst(), name.hasPrefix("test_") else {
            throw Failure(description: "not a database of a test")
        }
        try await run("DROP DATABASE IF EXISTS \(name) WITH (FORCE)", on: try await cluster.url())
    }

    /// Passes a fresh database to `body` and drops it afterwards.
    public static func with<Value: Sendable>(
        _ body: @Sendable (_ url: String) async throws -> Value
    ) async throws -> Value {
        await gate.enter()
        let result: Result<Value, any Error>
        do { result = .success(try await withFresh(body)) } catch { result = .failure(error) }
        await gate.leave()
        return try result.get()
    }

    private static func withFresh<Value: Sendable>(
        _ body: @Sendable (_ url: String) async throws -> Value
    ) async throws -> Value {
        let url = try await fresh()
        let result: Result<Value, any Error>
        do { result = .success(try await body(url)) } catch { result = .failure(error) }
        try await drop(url)
        return try result.get()
    }

    private static func run(_ sql: String, on url: String) async throws {
        try await onLoop("test-database") { loop in
            var configuration = DatabaseConfiguration.patient(url, connections: 1)
            configuration.statementSeconds = 60
            let database = Database(on: loop, configuration: configuration)
            database.start()
            let result: Result<Void, any Error>
            do {
                try await database.session { try await $0.execute(sql) }
                result = .success(())
            } catch {
                result = .failure(error)
            }
            await database.close()
            try result.get()
        }
    }

    private static func replaceName(in url: String, by name: String) throws -> String {
        guard var parts = URLComponents(string: url) else { throw Failure(description: "TEST_DATABASE_URL is no URL") }
        parts.path = "/" + name
        guard let text = parts.string else { throw Failure(description: "TEST_DATABASE_URL is no URL") }
        return text
    }
}

/// The server that all tests of a process share. The first test starts it; the others await the same result.
private actor Cluster {
    private enum State {
        case unknown
        case starting([CheckedContinuation<Result<String, any Error>, Never>])
        case known(Result<String, any Error>)
    }

    private var state = State.unknown

    func url() async throws -> String {
        switch state {
        case .known(let result): return try result.get()
        case .starting(let waiting):
            return try await withCheckedContinuation { state = .starting(waiting + [$0]) }.get()
        case .unknown:
            state = .starting([])
            let result: Result<String, any Error>
            do { result = .success(try await Cluster.find()) } catch { result = .failure(error) }
            if case .starting(let waiting) = state { for waiter in waiting { waiter.resume(returning: result) } }
            state = .known(result)
            return try result.get()
        }
    }

    private static func find() async throws -> String {
        if let url = ProcessInfo.processInfo.environment["TEST_DATABASE_URL"], !url.isEmpty { return url }
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("generation-service-tests-\(ProcessInfo.processInfo.processIdentifier)").path
        stopAtExit(folder)
        return try await start(in: folder)
    }

    private static var script: String {
        // .../Tests/TestSupport/TestDatabase.swift
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return root.appendingPathComponent("scripts/postgres").path
    }

    /// The server inherits standard output, so there is no end of file: reads the output present when the script ends.
    private static func start(in folder: String) async throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: script)
        process.arguments = ["start", folder]
        process.environment = ProcessInfo.processInfo.environment.merging(["PGTEST_FAST": "1"]) { $1 }
        let output = Pipe()
        process.standardOutput = output
        let text: String = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { _ in
                let data = output.fileHandleForReading.availableData
                continuation.resume(returning: String(decoding: data, as: UTF8.self))
            }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        let url = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard process.terminationStatus == 0, url.hasPrefix("postgres") else {
            let hint = "scripts/postgres could not start a cluster; set TEST_DATABASE_URL to use another"
            throw TestDatabase.Failure(description: hint)
        }
        return url
    }

    /// `atexit` takes a C function, which can only use global variables.
    nonisolated(unsafe) private static var folderToRemove = ""  // written once, before atexit can read it

    private static func stopAtExit(_ folder: String) {
        folderToRemove = folder
        atexit {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: Cluster.script)
            process.arguments = ["remove", Cluster.folderToRemove]
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            guard (try? process.run()) != nil else { return }
            process.waitUntilExit()
        }
    }
}

/// Admits a limited number at a time.
private actor Gate {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(places: Int) { free = places }

    func enter() async {
        if free > 0 {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}

extension DatabaseConfiguration {
    /// For a test's own statements: PostgreSQL may be slow to start a backend on a slow machine.
    /// - Parameter connections: of each kind; nil: the service's own number.
    public static func patient(_ url: String, connections: Int? = nil) -> DatabaseConfiguration {
        var configuration = DatabaseConfiguration(url: url)
        (configuration.acquireSeconds, configuration.connectSeconds) = (30, 30)
        if let connections { (configuration.connections, configuration.sharedConnections) = (connections, connections) }
        return configuration
    }
}
