// Number of log lines written and lost, for the whole process. Any thread.
import Logging
import Synchronization

public enum LogMetrics {
    /// The document's four levels.
    public enum Level: Int, MetricLabel {
        case debug, info, warning, error

        init(_ level: Logger.Level) {
            self =
                switch level {
                case .trace, .debug: .debug
                case .info, .notice: .info
                case .warning: .warning
                case .error, .critical: .error
                }
        }
    }

    /// Outputs of the log.
    public enum Output: Int, MetricLabel {
        case stdout, file
    }

    private static let debug = Atomic(0)
    private static let info = Atomic(0)
    private static let warning = Atomic(0)
    private static let error = Atomic(0)
    private static let lostToStdout = Atomic(0)
    private static let lostToFile = Atomic(0)

    static func logged(_ level: Level) {
        switch level {
        case .debug: debug.wrappingAdd(1, ordering: .relaxed)
        case .info: info.wrappingAdd(1, ordering: .relaxed)
        case .warning: warning.wrappingAdd(1, ordering: .relaxed)
        case .error: error.wrappingAdd(1, ordering: .relaxed)
        }
    }

    static func dropped(_ output: Output) {
        switch output {
        case .stdout: lostToStdout.wrappingAdd(1, ordering: .relaxed)
        case .file: lostToFile.wrappingAdd(1, ordering: .relaxed)
        }
    }

    /// Number of lines logged, including dropped ones.
    public static func lines(_ level: Level) -> Int {
        switch level {
        case .debug: debug.load(ordering: .relaxed)
        case .info: info.load(ordering: .relaxed)
        case .warning: warning.load(ordering: .relaxed)
        case .error: error.load(ordering: .relaxed)
        }
    }

    /// Number of lines that did not fit into the queue or could not be written.
    public static func linesDropped(_ output: Output) -> Int {
        switch output {
        case .stdout: lostToStdout.load(ordering: .relaxed)
        case .file: lostToFile.load(ordering: .relaxed)
        }
    }
}
