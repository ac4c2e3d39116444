// Figures of the process from /proc, read without blocking the loop. Loop-bound.
import Engine
import Glibc

/// Figures that all client libraries of Prometheus report; nil where the kernel does not report one.
struct ProcessFigures: Equatable, Sendable {
    var cpuSeconds: Double?
    var residentBytes: Int?
    var virtualBytes: Int?
    var threads: Int?
    var openDescriptors: Int?
    var descriptorsMax: Int?
    /// Start of the process, seconds since 1970.
    var startSeconds: Double?

    static func look(on loop: Loop) async -> ProcessFigures {
        var figures = ProcessFigures()
        if let text = await read("/proc/self/stat", on: loop) { figures.readStat(text, ticks: ticks, page: page) }
        // The count includes the descriptor of the folder that is being read.
        figures.openDescriptors = await FolderSize.entries("/proc/self/fd", on: loop).map { $0 - 1 }
        figures.cpuSeconds = seconds(of: CLOCK_PROCESS_CPUTIME_ID)
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            figures.descriptorsMax = Int(clamping: limit.rlim_cur)
        }
        figures.startSeconds = figures.startSeconds.map { $0 + bootSeconds }
        return figures
    }

    /// Reads `pid (name) state ppid ...`. The name may contain any character, so the fields are counted from its last
    /// parenthesis. `startSeconds` stays relative to the machine's start.
    mutating func readStat(_ text: String, ticks: Double, page: Int) {
        guard let end = text.lastIndex(of: ")") else { return }
        let fields = text[text.index(after: end)...].split { $0 == " " || $0 == "\n" }
        // The first field is 1, as in proc(5).
        func number(_ field: Int) -> Int? { fields.count > field - 3 ? Int(fields[field - 3]) : nil }
        threads = number(20)
        startSeconds = number(22).map { Double($0) / ticks }
        virtualBytes = number(23)
        residentBytes = number(24).map { $0 * page }
    }

    private static let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
    private static let page = max(1, sysconf(Int32(_SC_PAGESIZE)))
    /// Time of the machine's start, read only once: two readings would differ by microseconds.
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
