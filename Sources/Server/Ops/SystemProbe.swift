// The machine's figures for /health, from /proc, read without blocking the loop. Loop-bound.
import Engine

/// Figures of the health report's `system` part, percent.
final class SystemProbe {
    /// Period of the first look, seconds.
    private static let firstSeconds = 0.1

    private let loop: Loop
    private let processor: ProcessorShare

    init(on loop: Loop, processor: ProcessorShare) {
        self.loop = loop
        self.processor = processor
    }

    /// `cpu_percent` covers the time since the process's last look.
    func look() async -> JSONValue {
        var cpuPercent = await busyPercent()
        if cpuPercent == nil {
            try? await loop.sleep(seconds: SystemProbe.firstSeconds)
            cpuPercent = await busyPercent()
        }
        let memory = await memoryPercent()
        let disk = await DiskSpace.usedPercent("/", on: loop)
        return [
            "cpu_percent": number(cpuPercent), "memory_percent": number(memory), "disk_percent": number(disk),
        ]
    }

    private func number(_ percent: Double?) -> JSONValue {
        percent.map { .double(($0 * 10).rounded() / 10) } ?? .null
    }

    private func busyPercent() async -> Double? {
        guard let now = await read("/proc/stat").flatMap(SystemProbe.ticks) else { return nil }
        return processor.note(now, at: Monotonic.seconds())
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

    /// Reads the first line: user nice system idle iowait irq softirq steal ...
    private static func ticks(_ text: String) -> ProcessorShare.Ticks? {
        let fields = text.prefix { $0 != "\n" }.split(separator: " ").dropFirst().prefix(8).compactMap { Double($0) }
        guard fields.count >= 5 else { return nil }
        let all = fields.reduce(0, +)
        return ProcessorShare.Ticks(busy: all - fields[3] - fields[4], all: all)
    }

    private static func kilobytes(_ name: String, _ text: String) -> Double? {
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.split(separator: " ").dropFirst().first.flatMap { Double($0) }
    }
}
