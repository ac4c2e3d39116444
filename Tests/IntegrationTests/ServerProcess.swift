// The built `generation-service` as a separate process that a test can kill. Thread: any.
import Foundation
import Synchronization

/// One run of the server.
final class ServerProcess: Sendable {
    /// The folder of the built executables: beside the test bundle.
    static let products: URL = {
        var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        while !FileManager.default.fileExists(atPath: folder.appendingPathComponent("generation-service").path),
            folder.path != "/"
        {
            folder.deleteLastPathComponent()
        }
        return folder
    }()

    let pid: Int32
    private let exit: Exit

    private final class Exit: Sendable {
        private let state = Mutex<(code: Int32?, waiters: [CheckedContinuation<Int32, Never>])>((nil, []))

        func ended(_ code: Int32) {
            let waiters = state.withLock { state in
                state.code = code
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.resume(returning: code) }
        }

        func wait() async -> Int32 {
            await withCheckedContinuation { continuation in
                let code = state.withLock { state in
                    if state.code == nil { state.waiters.append(continuation) }
                    return state.code
                }
                if let code { continuation.resume(returning: code) }
            }
        }
    }

    /// Starts `serve` with `environment` only. Its standard output goes to `log`.
    init(environment: [String: String], log: URL) throws {
        let process = Process()
        process.executableURL = Self.products.appendingPathComponent("generation-service")
        process.arguments = ["serve"]
        process.environment = environment
        if !FileManager.default.fileExists(atPath: log.path) {
            _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        }
        let output = try FileHandle(forWritingTo: log)
        try output.seekToEnd()
        process.standardOutput = output
        process.standardError = output
        let exit = Exit()
        process.terminationHandler = { exit.ended($0.terminationStatus) }
        try process.run()
        pid = process.processIdentifier
        self.exit = exit
    }

    deinit { kill(pid, SIGKILL) }

    /// Sends SIGKILL and waits for the end.
    func killHard() async {
        kill(pid, SIGKILL)
        _ = await exit.wait()
    }

    /// Sends SIGTERM; returns the exit code.
    func stop() async -> Int32 {
        kill(pid, SIGTERM)
        return await exit.wait()
    }
}

private let portsGiven = Mutex<Set<Int>>([])

/// A free port that no other test gets. The kernel never assigns these by itself (ip_local_port_range begins at 32768),
/// so no process takes the port before the server does, or while the server is down.
func freePort() -> Int {
    while true {
        let port = Int.random(in: 10_000..<20_000)
        guard portsGiven.withLock({ $0.insert(port).inserted }) else { continue }
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isFree = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, length) == 0 }
        }
        if isFree { return port }
    }
}
