// The process as the kernel sees it, from /proc, read without blocking the loop. Loop-bound.
import Engine
import Glibc

/// What Prometheus' client libraries tell of every process. nil where the kernel does not say.
struct ProcessFigures: Equatable, Sendable {
    var cpuSeconds: Double?
    var residentBytes: Int?
    var virtualBytes: Int?
    var threads: Int?
    var openDescriptors: Int?
    var descriptorsMax: Int?
    /// Since 1970.
    var startSeconds: Double?

    static func look(on loop: Loop) async -> ProcessFigures {
        var figures = ProcessFigures()
        if let text = await read("/proc/self/stat", on: loop) { figures.readStat(text, ticks: ticks, page: page) }
        // The folder that is being read is open too.
        figures.openDescriptors = await FolderSize.entries("/proc/self/fd", on: loop).map { $0 - 1 }
        figures.cpuSeconds = seconds(of: CLOCK_PROCESS_CPUTIME_ID)
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            figures.descriptorsMax = Int(clamping: limit.rlim_cur)
        }
        figures.startSeconds = figures.startSeconds.map { $0 + bootSeconds }
        return figures
    }

    /// `pid (name) state ppid ...`; the name may hold anything, so the fields are counted from its last parenthesis.
    /// `startSeconds` is left counted from the machine's start.
    mutating func readStat(_ text: String, ticks: Double, page: Int) {
        guard let end = text.lastIndex(of: ")") else { return }
        let fields = text[text.index(after: end)...].split { $0 == " " || $0 == "\n" }
        // Counted from 1, as proc(5) does.
        func number(_ field: Int) -> Int? { fields.count > field - 3 ? Int(fields[field - 3]) : nil }
        threads = number(20)
        startSeconds = number(22).map { Double($0) / ticks }
        virtualBytes = number(23)
        residentBytes = number(24).map { $0 * page }
    }

    private static let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
    private static let page = max(1, sysconf(Int32(_SC_PAGESIZE)))
    /// When the machine started, once and for all: read twice it would differ by microseconds.
    private static let bootSeconds = seconds(of: CLOCK_REALTIME) - seconds(of: CLOCK_BOOTTIME)

    private static func seconds(of clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1_000_000_000
    }

    private static func read(_ path: String, on loop: Loop) async -> String? {
        guard let file = try? await LoopFile.open(path, .read, on: loop) else { return nil }
        let bytes = try? await file.read(at: 0, count: 4096)
        await file.close()
        return bytes.map { String(decoding: $0, as: UTF8.self) }
    }
}
