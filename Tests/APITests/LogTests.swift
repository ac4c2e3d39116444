// Log lines: the document's form, one per event, written by a separate thread.
import Engine
import Foundation
import Logging
import Testing

@Suite("Log", .timeLimit(.minutes(1)))
struct LogTests {
    @Test("C9: the document's form; hostile text cannot start a new line")
    func form() {
        let line = LogLine.text(
            at: Timestamp(microseconds: 1_754_382_615_123_456), level: .notice, message: "job\nfailed",
            metadata: [("reason", "a \"b\"\n2025 ERROR fake"), ("job", "1")])
        #expect(
            String(decoding: line, as: UTF8.self)
                == "2025-08-05 08:30:15,123 INFO job failed job=1 reason=\"a \\\"b\\\"\\n2025 ERROR fake\"\n")
    }

    @Test("C8: the document's level names", arguments: ["DEBUG", "INFO", "WARNING", "ERROR"])
    func levels(name: String) {
        #expect(LogLine.level(named: name.lowercased()).map(LogLine.name) == name)
    }

    @Test("C9: logged and lost lines are counted")
    func counted() throws {
        let writer = LogWriter(file: "/dev/null", standardOutput: false)
        let log = Logger(label: "t") { _ in ServiceLogHandler(writer: writer, level: .info) }
        let before = (LogMetrics.lines(.warning), LogMetrics.linesDropped(.file))
        log.warning("noticed")
        writer.submit([UInt8](repeating: 0x20, count: 64 * 1024 * 1024))  // more than the queue holds
        writer.close()
        log.warning("too late")
        // Other tests log too.
        #expect(LogMetrics.lines(.warning) >= before.0 + 2)
        #expect(LogMetrics.linesDropped(.file) >= before.1 + 2)
    }

    @Test("lines reach the file in order, its folder is created, and closing waits for the last line")
    func file() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("a/b/service.log").path
        let writer = LogWriter(file: path, standardOutput: false)
        var log = Logger(label: "t") { _ in ServiceLogHandler(writer: writer, level: .info) }
        log[metadataKey: "shard"] = "0"
        log.debug("unseen")
        for number in 0..<100 { log.info("Background worker", metadata: ["n": "\(number)"]) }
        writer.close()
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 100)
        #expect(lines.enumerated().allSatisfy { $1.hasSuffix("INFO Background worker n=\($0) shard=0") })
    }
}
