// A server process with its surroundings: database, simulated OpenAI, images, webhook receiver. Loop-bound.
import Engine
import Foundation
import LoadtestKit
import TestSupport

final class World {
    static let key = "integration-tests-shared-key-0123456789"

    let loop: Loop
    let openAI: OpenAISimulator
    let images: ImagesSimulator
    let webhooks: WebhooksSimulator
    let databaseURL: String
    let database: Database
    let client: APIClient
    let folder: URL
    let port: Int
    private let settings: [String: String]
    private(set) var server: ServerProcess

    /// Starts everything, runs `body` on its loop, and stops everything.
    static func run(
        settings: [String: String] = [:], openAIPort: Int = 0, openAI options: OpenAIOptions = OpenAIOptions(),
        database: String? = nil, _ body: @escaping @Sendable (World) async throws -> Void
    ) async throws {
        nonisolated(unsafe) let options = options  // moves to the loop, unused here afterwards
        try await onLoop("world") { loop in
            let world = try await World(
                on: loop, settings: settings, openAIPort: openAIPort, options: options, database: database)
            do {
                try await world.waitUntilReady()
                try await body(world)
            } catch {
                print("server log: \(world.log.suffix(4000))")
                await world.close()
                throw error
            }
            await world.close()
        }
    }

    private init(
        on loop: Loop, settings: [String: String], openAIPort: Int, options: OpenAIOptions, database url: String?
    ) async throws {
        self.loop = loop
        openAI = try OpenAISimulator.start(on: loop, port: openAIPort, options: options)
        images = try ImagesSimulator.start(on: loop)
        var receiver = WebhooksOptions()
        receiver.sharedKey = Self.key
        webhooks = try WebhooksSimulator.start(on: loop, options: receiver)
        if let url { databaseURL = url } else { databaseURL = try await TestDatabase.fresh() }
        database = Database(on: loop, configuration: .patient(databaseURL))
        database.start()
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("world-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        port = freePort()
        client = APIClient(on: loop, baseURL: "http://127.0.0.1:\(port)", key: Self.key)
        self.settings = settings
        server = try Self.launch(port, databaseURL, openAI, folder, settings)
    }

    private static func launch(
        _ port: Int, _ database: String, _ openAI: OpenAISimulator, _ folder: URL, _ settings: [String: String]
    ) throws -> ServerProcess {
        var environment = [
            "BIND": "127.0.0.1:\(port)", "METRICS_BIND": "127.0.0.1:0", "DATABASE_URL": database,
            "OPENAI_API_KEY": "sk-simulated", "OPENAI_BASE_URL": openAI.baseURL, "SHARED_KEY": key,
            "WORKER_POLL_INTERVAL": "0.1", "ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8", "SPOOL_DIR": folder.path,
            "LOG_FILE": folder.appendingPathComponent("service.log").path, "LOG_LEVEL": "DEBUG",
            "RATE_LIMIT_SYNC": "0", "RATE_LIMIT_BATCH": "0", "RATE_LIMIT_POLL": "0", "INSTANCE_ID": "world",
            "WORKER_THREADS": "2", "SHUTDOWN_GRACE": "5", "OPENAI_SETTLE": "4", "PATH": "/usr/bin:/bin",
        ]
        environment.merge(settings) { $1 }
        return try ServerProcess(environment: environment, log: folder.appendingPathComponent("stdout.log"))
    }

    var log: String {
        (try? String(contentsOf: folder.appendingPathComponent("stdout.log"), encoding: .utf8)) ?? ""
    }

    func waitUntilReady() async throws {
        try await until("the server is ready") {
            (try? await self.client.send("GET", "/health/ready", signing: nil))?.status == 200
        }
    }

    /// Sends SIGKILL and restarts with some settings changed. The new process takes the work over after one second of
    /// silence instead of ten, if the build supports it (`CRASH_POINTS`); it must be the only one.
    func crashAndRestart(_ changes: [String: String] = [:]) async throws {
        await server.killHard()
        try await restart(["CRASH_SILENT": "1"].merging(changes) { $1 })
    }

    /// Restarts the server after its end.
    func restart(_ changes: [String: String] = [:]) async throws {
        server = try Self.launch(port, databaseURL, openAI, folder, settings.merging(changes) { $1 })
        try await waitUntilReady()
    }

    /// A second server on the same database, with another label; the test must stop it.
    func launchSecond(_ settings: [String: String] = [:]) throws -> ServerProcess {
        let own = ["INSTANCE_ID": "second"].merging(settings) { $1 }
        return try Self.launch(freePort(), databaseURL, openAI, folder, self.settings.merging(own) { $1 })
    }

    /// A fault plan for the simulated OpenAI.
    func setFaults(_ json: String) throws { try openAI.setFaults(JSONValue.parse(Array(json.utf8))) }

    /// Rows of a query without parameters.
    func rows(_ sql: String) async throws -> [[String]] {
        try await database.session { session in
            var lines: [UInt8] = []
            let copy = try await session.copyOut("COPY (\(sql)) TO STDOUT")
            while let bytes = try await copy.next() { lines += bytes }
            return String(decoding: lines, as: UTF8.self).split(separator: "\n").map {
                $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            }
        }
    }

    /// Polls until `condition` holds, a bounded number of times.
    func until(_ what: String, seconds: Double = 90, _ condition: () async throws -> Bool) async throws {
        let deadline = Timestamp.now() + seconds
        while Timestamp.now() < deadline {
            if try await condition() { return }
            try await loop.sleep(seconds: 0.05)
        }
        throw WorldError(description: "timed out before: \(what)")
    }

    private func close() async {
        _ = await server.stop()
        await client.close()
        await database.close()
        await webhooks.close()
        await images.close()
        await openAI.close()
        try? FileManager.default.removeItem(at: folder)
    }
}

struct WorldError: Error, CustomStringConvertible {
    let description: String
}
