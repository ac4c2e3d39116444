// One instance of the service that is killed and started again under the same name and port. Thread: the lab's loop;
// loop-bound.
import Engine
import Glibc

final class Instance {
    /// How long a start may take, seconds.
    private static let startSeconds = 60.0
    /// The last of a log that is looked through for what killed the process, bytes.
    private static let tailBytes = 32 * 1024

    let name: String
    let port: Int
    let log: String
    private let program: String
    private let settings: [String: String]
    private let client: LabClient
    private let loop: Loop
    private(set) var process: ChildProcess?
    /// Answers `/health/ready`, as far as we know.
    private(set) var isUp = false

    init(
        _ name: String, port: Int, program: String, settings: [String: String], log: String, client: LabClient,
        on loop: Loop
    ) {
        (self.name, self.port, self.program, self.settings) = (name, port, program, settings)
        (self.log, self.client, self.loop) = (log, client, loop)
    }

    var baseURL: String { "http://127.0.0.1:\(port)" }

    /// Starts it. `extra` are settings of this life only: where to die, say.
    func launch(_ extra: [String: String] = [:]) throws {
        process = try ChildProcess(
            program, ["serve"], environment: settings.merging(extra) { $1 }, log: log, on: loop)
    }

    /// Waits until it is ready.
    /// - Returns: false if it has died before.
    @discardableResult
    func becomesReady() async throws -> Bool {
        let deadline = Monotonic.seconds() + Instance.startSeconds
        while Monotonic.seconds() < deadline {
            guard let process, process.poll() == nil else { return false }
            if try await client.isReady(self) {
                isUp = true
                return true
            }
            try await loop.sleep(seconds: 0.03)
        }
        throw DriverError("\(name) was not ready within \(Int(Instance.startSeconds)) s; its log: \(log)")
    }

    /// Until it has died by itself, `seconds` at most.
    func dies(within seconds: Double) async throws -> Bool {
        guard let process, try await process.wait(atMost: seconds) != nil else { return false }
        isUp = false
        return true
    }

    /// `kill -9`, and waits until it is gone.
    func killHard() async throws { _ = try await end(SIGKILL) }

    /// SIGTERM; how it ended.
    func stop() async throws -> ChildProcess.Ending? { try await end(SIGTERM) }

    private func end(_ signal: Int32) async throws -> ChildProcess.Ending? {
        isUp = false
        process?.send(signal: signal)
        let ending = try await process?.wait(atMost: Instance.startSeconds)
        process = nil
        return ending
    }

    /// The crash point that it said it dies at last.
    var lastCrashPoint: String? {
        let mark = "crash point "
        guard let line = tail().split(separator: "\n").last(where: { $0.hasPrefix(mark) }) else { return nil }
        return String(line.dropFirst(mark.count).prefix { $0 != "," })
    }

    private func tail() -> String {
        guard let file = fopen(log, "r") else { return "" }
        defer { fclose(file) }
        fseek(file, 0, SEEK_END)
        fseek(file, max(0, ftell(file) - Instance.tailBytes), SEEK_SET)
        var bytes = [UInt8](repeating: 0, count: Instance.tailBytes)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
