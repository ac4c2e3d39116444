// Memory and CPU of a process and its children, from /proc. Blocks for microseconds. Thread: any.
import Glibc

/// Usage of a process tree at one moment. MB are 1,000,000 bytes; pages that processes share count in each of them.
struct ServerSample: Sendable, Equatable {
    /// Seconds from the start of the run.
    var at = 0.0
    var residentMegabytes = 0.0
    /// The sum of the processes' highest resident sizes since their start, or since ``ServerProbe/resetPeak()``.
    var peakMegabytes = 0.0
    /// User and system time since the processes' start, including children that ended after they were seen.
    var cpuSeconds = 0.0
    var processes = 0
    /// Open files, sockets and other descriptors.
    var descriptors = 0
    var threads = 0
}

struct ServerProbe: Sendable {
    let root: Int
    private var pids: [Int] = []
    private var ticks: [Int: Int] = [:]

    /// nil if there is no such process.
    init?(pid: Int) {
        guard pid > 0, ServerProbe.read("/proc/\(pid)/stat") != nil else { return nil }
        root = pid
        refreshChildren()
    }

    /// Updates the list of processes; slower than a sample.
    mutating func refreshChildren() {
        var found = [root]
        var index = 0
        while index < found.count, found.count < 4096 {
            found += ServerProbe.children(of: found[index]).filter { !found.contains($0) }
            index += 1
        }
        pids = found
    }

    mutating func sample(at moment: Double) -> ServerSample {
        var sample = ServerSample(at: moment)
        for pid in pids {
            guard let status = ServerProbe.read("/proc/\(pid)/status") else { continue }
            sample.processes += 1
            sample.residentMegabytes += ServerProbe.number("VmRSS:", in: status) * 1024 / 1e6
            sample.peakMegabytes += ServerProbe.number("VmHWM:", in: status) * 1024 / 1e6
            sample.threads += Int(ServerProbe.number("Threads:", in: status))
            sample.descriptors += ServerProbe.entries(of: "/proc/\(pid)/fd").count
            if let stat = ServerProbe.read("/proc/\(pid)/stat") { ticks[pid] = ServerProbe.ticks(stat) }
        }
        sample.cpuSeconds = Double(ticks.values.reduce(0, +)) / Double(sysconf(Int32(_SC_CLK_TCK)))
        return sample
    }

    /// Resets the peaks to the current sizes. False if that is not permitted; peaks are then since the start.
    func resetPeak() -> Bool {
        pids.map { pid in
            guard let file = fopen("/proc/\(pid)/clear_refs", "w") else { return false }
            let wrote = fputs("5", file)
            return fclose(file) == 0 && wrote >= 0
        }.allSatisfy { $0 }
    }

    // MARK: Parts

    private static func children(of pid: Int) -> [Int] {
        tasks(of: pid).flatMap { task -> [Int] in
            (read("/proc/\(pid)/task/\(task)/children") ?? "").split(separator: " ").compactMap { Int($0) }
        }
    }

    private static func tasks(of pid: Int) -> [Int] { entries(of: "/proc/\(pid)/task") }

    /// The names of a folder that are numbers.
    private static func entries(of path: String) -> [Int] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var found: [Int] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
            }
            if let number = Int(name) { found.append(number) }
        }
        return found
    }

    /// User and system ticks: fields 14 and 15. Field 2, a name in parentheses, may hold any character.
    static func ticks(_ stat: String) -> Int {
        guard let close = stat.lastIndex(of: ")") else { return 0 }
        let fields = stat[stat.index(after: close)...].split(separator: " ")
        guard fields.count > 12 else { return 0 }
        return (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0)
    }

    /// The value after `name` in a status file; sizes are in KB.
    static func number(_ name: String, in status: String) -> Double {
        for line in status.split(separator: "\n") where line.hasPrefix(name) {
            let number = line.dropFirst(name.count).split { $0 == " " || $0 == "\t" }.first
            return number.flatMap { Double($0) } ?? 0
        }
        return 0
    }

    fileprivate static func read(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 8192)
        let count = fread(&bytes, 1, bytes.count, file)
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}

/// Load of the whole machine, from /proc/stat.
struct MachineTicks: Sendable, Equatable {
    var busy: Int
    var all: Int

    static func now() -> MachineTicks? { ServerProbe.read("/proc/stat").flatMap { MachineTicks($0) } }

    /// The first line: user, nice, system, idle, waiting for I/O, interrupts, soft interrupts, stolen.
    init?(_ stat: String) {
        let fields = stat.prefix { $0 != "\n" }.split(separator: " ").dropFirst().prefix(8).compactMap { Int($0) }
        guard fields.count == 8 else { return nil }
        all = fields.reduce(0, +)
        busy = all - fields[3] - fields[4]
    }

    /// 0...100, over all cores.
    func busyPercent(since before: MachineTicks) -> Double {
        all > before.all ? Double(busy - before.busy) / Double(all - before.all) * 100 : 0
    }
}
