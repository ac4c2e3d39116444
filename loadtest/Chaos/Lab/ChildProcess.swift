// A program started by the laboratory: it can be killed and awaited, and it ends with us. Frees: the process, in
// `deinit`.
// Thread: its loop; loop-bound.
import Engine
import Glibc

final class ChildProcess {
    enum Ending: Equatable {
        case exited(Int32)
        case killed(by: Int32)
    }

    /// Between two checks for its end, in seconds.
    private static let lookSeconds = 0.01
    /// From util-linux: the kernel ends the child when our loop's thread ends, for whatever reason.
    private static let guardian = "/usr/bin/setpriv"

    let pid: pid_t
    private let loop: Loop
    private var ending: Ending?

    /// Starts it with `environment` only; its output is appended to the file `log`.
    init(
        _ program: String, _ arguments: [String] = [], environment: [String: String] = [:], log: String, on loop: Loop
    ) throws(DriverError) {
        self.loop = loop
        var command = [program] + arguments
        if access(ChildProcess.guardian, X_OK) == 0 {
            command = [ChildProcess.guardian, "--pdeathsig", "KILL", "--"] + command
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        // Does not inherit the signal mask of the thread that runs our loop: SIGTERM must reach the child.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var pid = pid_t()
        let failure = ChildProcess.withCStrings(command) { arguments in
            ChildProcess.withCStrings(environment.map { "\($0.key)=\($0.value)" }) { environment in
                posix_spawn(&pid, command[0], &actions, &attributes, arguments, environment)
            }
        }
        guard failure == 0 else { throw DriverError("cannot start \(program): \(String(cString: strerror(failure)))") }
        self.pid = pid
    }

    deinit { if poll() == nil { killNow() } }

    /// How it ended; nil while it runs.
    func poll() -> Ending? {
        if ending != nil { return ending }
        var status: Int32 = 0
        guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
        let signal = status & 0x7F
        ending = signal == 0 ? .exited((status >> 8) & 0xFF) : .killed(by: signal)
        return ending
    }

    func send(signal: Int32) { if poll() == nil { kill(pid, signal) } }

    /// Returns when it has ended, or after `seconds`.
    func wait(atMost seconds: Double = .infinity) async throws -> Ending? {
        let deadline = Monotonic.seconds() + seconds
        while true {
            if let ending = poll() { return ending }
            if Monotonic.seconds() > deadline { return nil }
            try await loop.sleep(seconds: ChildProcess.lookSeconds)
        }
    }

    /// Sends SIGKILL, then waits until the kernel has ended the process.
    private func killNow() {
        kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
    }

    private static func withCStrings<Value>(
        _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Value
    ) -> Value {
        let copies = texts.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }
}
