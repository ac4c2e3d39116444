// Outputs of log lines: forms, rotated files, blocked outputs.
import Foundation
import Logging
import TestSupport
import Testing

@testable import Engine

@Suite("Log outputs", .timeLimit(.minutes(2)))
struct LogOutputTests {
    private static let time = Timestamp(microseconds: 1_754_382_615_123_456)

    private func folder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    @Test("C9: a JSON line has time, level and message, and further fields beside them")
    func json() {
        let line = LogFormat.json.line(
            at: Self.time, level: .warning, message: "a \"b\"\nc", metadata: [("reason", "\u{1B}[1m ж"), ("job", "1")])
        #expect(
            String(decoding: line, as: UTF8.self) == """
                {"time":"2025-08-05T08:30:15.123Z","level":"WARNING","message":"a \\"b\\"\\nc","job":"1",\
                "reason":"\\u001b[1m ж"}

                """)
    }

    @Test("lines that are too long are cut between characters", arguments: 0..<4)
    func cut(shift: Int) throws {
        let long = String(repeating: "x", count: shift) + String(repeating: "🚗", count: 4000)
        let text = LogFormat.text.line(at: Self.time, level: .info, message: long, metadata: [])
        #expect(text.count <= LogLine.bytesMax + 1 && text.count > LogLine.bytesMax - 4 && text.last == 0x0A)
        #expect(String(validating: text, as: UTF8.self) != nil)
        let json = LogFormat.json.line(at: Self.time, level: .info, message: long, metadata: [])
        #expect(String(validating: json, as: UTF8.self) != nil)
        let parsed = try JSONValue.parse(json)
        #expect(parsed["message"]?.string.map { long.hasPrefix($0) && $0.utf8.count > 4000 } == true)
    }

    @Test("the context of a task is in the lines of its child tasks, and in no others")
    func context() async throws {
        let path = try folder().appendingPathComponent("log").path
        let writer = LogWriter(file: path, standardOutput: false)
        let log = Logger(label: "t") { _ in ServiceLogHandler(writer: writer, level: .info) }
        try await onLoop { loop in
            let outer = LogContext.with(["request_id": "r-1"]) {
                loop.spawn { await loop.spawn { LogContext.with(["job": "j-1"]) { log.info("inside") } }.value }
            }
            await outer.value
            log.info("outside")
        }
        writer.close()
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines[0].hasSuffix("INFO inside job=j-1 request_id=r-1"))
        #expect(lines[1].hasSuffix("INFO outside"))
    }

    @Test("C9: a file rotated repeatedly while many threads log loses no line")
    func rotation() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("service.log").path
        let writer = LogWriter(file: path, standardOutput: false)
        let (threads, each, rotations) = (4, 5000, 20)
        await withTaskGroup { group in
            for thread in 0..<threads {
                group.addTask { for number in 0..<each { writer.submit(Array("\(thread) \(number)\n".utf8)) } }
            }
            group.addTask {
                for number in 0..<rotations {
                    guard rename(path, "\(path).\(number)") == 0 else { continue }
                    writer.reopen()
                    while access(path, F_OK) != 0 { await Task.yield() }
                }
            }
        }
        writer.close()
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        #expect(files.count == rotations + 1)
        let lines = try files.flatMap { try String(contentsOf: $0, encoding: .utf8).split(separator: "\n") }
        #expect(lines.count == threads * each && Set(lines).count == threads * each)
    }

    @Test("a failed reopening is logged in the old file, which stays in use")
    func lostFolder() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let (path, moved) = (folder.appendingPathComponent("log").path, folder.appendingPathComponent("moved").path)
        let sink = LogSink(.named(path), .file, format: .text)
        try FileManager.default.moveItem(atPath: path, toPath: moved)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        sink.reopen()
        sink.submit(Array("still here\n".utf8))
        sink.close(seconds: 10)
        let text = try String(contentsOfFile: moved, encoding: .utf8)
        #expect(text.contains("ERROR LOG_FILE cannot be reopened; logging to the old file reason=\"Is a directory\""))
        #expect(text.contains("still here\n"))
    }

    @Test("a blocked output delays no caller: lines are dropped and counted, and closing still ends")
    func blocked() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { ends.forEach { close($0) } }
        let sink = LogSink(LogFile(writingTo: ends[1]), .stdout, format: .text)
        let before = LogMetrics.linesDropped(.stdout)
        let line = [UInt8](repeating: 0x78, count: 1023) + [0x0A]
        let lines = LogSink.waitingBytesMax / line.count * 3
        // As much as the thread may hold, as much as the queue holds, and as much again; the pipe is never read: this
        // ends only if no caller waits for it.
        for _ in 0..<lines { sink.submit(line) }
        #expect(LogMetrics.linesDropped(.stdout) - before > 1000)
        sink.close(seconds: 1)
        // All lines that the pipe did not take are counted.
        var taken = [UInt8](repeating: 0, count: 1 << 20)
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        let count = read(ends[0], &taken, taken.count)
        let written = taken.prefix(max(0, count)).count { $0 == 0x0A }
        #expect(written > 0 && LogMetrics.linesDropped(.stdout) - before >= lines - written)
    }
}
