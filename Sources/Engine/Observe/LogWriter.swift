// Writes log lines from threads of its own, so that no loop ever waits for a disk or a terminal. Thread: any.
import Logging

/// The log's outputs, each with a queue of its own (``LogSink``).
public final class LogWriter: Sendable {
    /// How long `close` waits for an output that takes nothing.
    static let closeSeconds = 2.0

    let format: LogFormat
    private let sinks: [LogSink]

    /// - Parameters:
    ///   - file: appended to; its folder is made. nil: none.
    ///   - standardOutput: also write there.
    public init(file: String?, standardOutput: Bool = true, format: LogFormat = .text) {
        self.format = format
        var sinks: [LogSink] = []
        if standardOutput { sinks.append(LogSink(.standardOutput, .stdout, format: format)) }
        var failed = false
        if let file {
            let opened = LogFile.named(file)
            failed = opened.descriptor < 0
            // Kept all the same: it may be there when it is opened anew.
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

    /// Why a log file could not be written; nil if it could. Not for loop threads.
    public static func problem(_ file: String) -> String? { LogFile.problem(file) }

    /// Queues a line with its line end. Never waits for the writing.
    public func submit(_ line: [UInt8]) {
        for sink in sinks { sink.submit(line) }
    }

    /// The file was moved away (SIGHUP): goes on in a new one of the same name, and loses nothing.
    public func reopen() {
        for sink in sinks { sink.reopen() }
    }

    /// Writes what is queued and ends the threads. Not for loop threads.
    public func close() {
        for sink in sinks { sink.close(seconds: LogWriter.closeSeconds) }
    }
}
