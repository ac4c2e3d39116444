// Writes log lines from threads of its own, so that no loop waits for a disk or a terminal. Thread: any.
import Logging

/// The log's outputs, each with its own queue (``LogSink``).
public final class LogWriter: Sendable {
    /// Longest time that `close` waits for a blocked output, seconds.
    static let closeSeconds = 2.0

    let format: LogFormat
    private let sinks: [LogSink]

    /// - Parameters:
    ///   - file: a file to append to; its folder is created. nil means no file.
    ///   - standardOutput: true to write to standard output too.
    public init(file: String?, standardOutput: Bool = true, format: LogFormat = .text) {
        self.format = format
        var sinks: [LogSink] = []
        if standardOutput { sinks.append(LogSink(.standardOutput, .stdout, format: format)) }
        var failed = false
        if let file {
            let opened = LogFile.named(file)
            failed = opened.descriptor < 0
            // Kept although it failed, because reopening may succeed later.
            sinks.append(LogSink(opened, .file, format: format))
        }
        self.sinks = sinks
        if failed {
            submit(
                format.line(
                    at: .now(), level: .warning, message: "LOG_FILE cannot be written; logging to standard output only",
                    metadata: [("file", file ?? "")]))
        }
    }

    /// Returns the reason why a log file cannot be written, or nil. Blocks; not for loop threads.
    public static func problem(_ file: String) -> String? { LogFile.problem(file) }

    /// Queues a line with its line end. Never blocks on the outputs.
    public func submit(_ line: [UInt8]) {
        for sink in sinks { sink.submit(line) }
    }

    /// Continues in a new file of the same name after the file was moved away (SIGHUP). Loses no line.
    public func reopen() {
        for sink in sinks { sink.reopen() }
    }

    /// Writes the queued lines and ends the threads. Blocks; not for loop threads.
    public func close() {
        for sink in sinks { sink.close(seconds: LogWriter.closeSeconds) }
    }
}
