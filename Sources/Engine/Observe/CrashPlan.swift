// The configured crash points of this process, from the environment. See `CrashPoint`;
// only in builds that have them. Any thread.
#if CRASH_POINTS
import Synchronization
import Glibc

/// `CRASH_AT=name[:pass],...`: the process dies when it passes one of these points for the given time (default 1).
/// `CRASH_SEED=n CRASH_PROBABILITY=p`: the process dies at every point and pass
/// with that probability; the seed decides.
/// `CRASH_SILENT=s`: this process takes work over from others after this many seconds of silence.
/// A mistake in `CRASH_AT` or `CRASH_PROBABILITY` ends the process at its first point, because a misspelt point would
/// never be reached.
final class CrashPlan: Sendable {
    static let current = CrashPlan()

    private let passes: [String: Int]
    private let seed: UInt64
    private let probability: Double
    private let counts = Mutex<[String: Int]>([:])
    let silentSeconds: Double?

    private init() {
        passes = CrashPlan.list(CrashPlan.variable("CRASH_AT"))
        seed = CrashPlan.variable("CRASH_SEED").flatMap(UInt64.init) ?? 1
        let probability = CrashPlan.variable("CRASH_PROBABILITY")
        guard let value = Double(probability ?? "0"), (0...1).contains(value) else {
            CrashPlan.refuse("CRASH_PROBABILITY=\(probability ?? "")")
        }
        self.probability = value
        silentSeconds = CrashPlan.variable("CRASH_SILENT").flatMap(Double.init)
    }

    func passed(_ point: String) {
        guard !passes.isEmpty || probability > 0 else { return }
        let pass = counts.withLock { counts in
            counts[point, default: 0] += 1
            return counts[point, default: 0]
        }
        if passes[point] == pass || isStruck(point, pass) { CrashPlan.die(point, pass) }
    }

    private func isStruck(_ point: String, _ pass: Int) -> Bool {
        guard probability > 0 else { return false }
        // FNV-1a, then the finish of SplitMix64: the same for every run, unlike Swift's own hashing.
        var word = "\(seed) \(point) \(pass)".utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01B3
        }
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((word ^ (word >> 31)) >> 11) / Double(UInt64(1) << 53) < probability
    }

    /// Kills the process without any clean-up, as the fault laboratory requires.
    private static func die(_ point: String, _ pass: Int) -> Never {
        say("crash point \(point), pass \(pass)\n")
        kill(getpid(), SIGKILL)
        abort()  // not reached: SIGKILL cannot be blocked
    }

    private static func list(_ text: String?) -> [String: Int] {
        var passes: [String: Int] = [:]
        for entry in (text ?? "").split(separator: ",") {
            let parts = entry.split(separator: ":", omittingEmptySubsequences: false)
            let point = String(parts[0])
            guard CrashPoint.names.contains(point), parts.count <= 2,
                let pass = parts.count == 2 ? Int(parts[1]) : 1, pass > 0
            else { refuse("CRASH_AT=\(text ?? "")") }
            passes[point] = pass
        }
        return passes
    }

    private static func refuse(_ what: String) -> Never {
        say("invalid crash plan: \(what)\n")
        exit(2)
    }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    private static func say(_ line: String) {
        let bytes = Array(line.utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}
#endif
