// One instance of the service, killed and restarted under the same name and port. Thread: the lab's loop;
// loop-bound.
import Engine
import Glibc

final class Instance {
    /// Limit on a start, in seconds.
    private static let startSeconds = 60.0
    /// The end of a log that is searched for the cause of a crash, in bytes.
    private static let tailBytes = 32 * 1024

    let name: String
    let port: Int
    let log: String
    private let program: String
    private let settings: [String: String]
    private let client: LabClient
    private let loop: Loop
    private(set) var process: ChildProcess?
    /// True if it answered `/health/ready` last time.
    private(set) var isUp = false

    init(
        _ name: String, port: Int, program: String, settings: [String: String], log: String, client: LabClient,
        on loop: Loop
    ) {
        (self.name, self.port, self.program, self.settings) = (name, port, program, settings)
        (self.log, self.client, self.loop) = (log, client, loop)
    }

    var baseURL: String { "http://127.0.0.1:\(port)" }

    /// Starts it. `extra` are settings of this life only, such as the crash point.
    func launch(_ extra: [String: String] = [:]) throws {
        process = try ChildProcess(
            program, ["serve"], environment: settings.merging(extra) { $1 }, log: log, on: loop)
    }

    /// Waits until it is ready.
    /// - Returns: false if it died before.
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

    /// Waits until it has died by itself, for at most `seconds`.
    func dies(within seconds: Double) async throws -> Bool {
        guard let process, try await process.wait(atMost: seconds) != nil else { return false }
        isUp = false
        return true
    }

    /// Sends SIGKILL and waits for the end.
    func killHard() async throws { _ = try await end(SIGKILL) }

    /// Sends SIGTERM; returns how it ended.
    func stop() async throws -> ChildProcess.Ending? { try await end(SIGTERM) }

    private func end(_ signal: Int32) async throws -> ChildProcess.Ending? {
        isUp = false
        process?.send(signal: signal)
        let ending = try await process?.wait(atMost: Instance.startSeconds)
        process = nil
        return ending
    }

    /// The crash point that it logged last.
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
