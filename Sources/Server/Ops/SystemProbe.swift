// The machine's figures for /health, from /proc, read without blocking the loop. Loop-bound.
import Engine

/// The document's `system` figures, percent.
final class SystemProbe {
    private struct Ticks {
        var busy: Double
        var all: Double
    }

    private let loop: Loop
    /// The first look covers the time since the machine's start.
    private var before = Ticks(busy: 0, all: 0)
    private var cpuPercent = 0.0

    init(on loop: Loop) { self.loop = loop }

    /// `cpu_percent` covers the time since the last look.
    func look() async -> JSONValue {
        await measureCPU()
        let memory = await memoryPercent()
        let disk = await DiskSpace.usedPercent("/", on: loop)
        return [
            "cpu_percent": number(cpuPercent), "memory_percent": number(memory), "disk_percent": number(disk),
        ]
    }

    private func number(_ percent: Double?) -> JSONValue {
        percent.map { .double(($0 * 10).rounded() / 10) } ?? .null
    }

    private func measureCPU() async {
        guard let now = await read("/proc/stat").flatMap(SystemProbe.ticks) else { return }
        defer { before = now }
        guard now.all > before.all else { return }
        cpuPercent = min(100, max(0, (now.busy - before.busy) / (now.all - before.all) * 100))
    }

    private func memoryPercent() async -> Double? {
        guard let text = await read("/proc/meminfo") else { return nil }
        guard let total = SystemProbe.kilobytes("MemTotal:", text), total > 0,
            let available = SystemProbe.kilobytes("MemAvailable:", text)
        else { return nil }
        return (total - available) / total * 100
    }

    private func read(_ path: String) async -> String? {
        guard let file = try? await LoopFile.open(path, .read, on: loop) else { return nil }
        let bytes = try? await file.read(at: 0, count: 16 * 1024)
        await file.close()
        return bytes.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The first line: user nice system idle iowait irq softirq steal ...
    private static func ticks(_ text: String) -> Ticks? {
        let fields = text.prefix { $0 != "\n" }.split(separator: " ").dropFirst().prefix(8).compactMap { Double($0) }
        guard fields.count >= 5 else { return nil }
        let all = fields.reduce(0, +)
        return Ticks(busy: all - fields[3] - fields[4], all: all)
    }

    private static func kilobytes(_ name: String, _ text: String) -> Double? {
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.split(separator: " ").dropFirst().first.flatMap { Double($0) }
    }
}
