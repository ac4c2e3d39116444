// Number of log lines written and lost, for the whole process. Any thread.
import Logging

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

    private static let logCounts = Counts<Level>()
    private static let lossCounts = Counts<Output>()

    static func logged(_ level: Level) { logCounts.addShared(level) }

    static func dropped(_ output: Output) { lossCounts.addShared(output) }

    /// Number of lines logged, including dropped ones.
    public static func lines(_ level: Level) -> Int { logCounts[level] }

    /// Number of lines that did not fit into the queue or could not be written.
    public static func linesDropped(_ output: Output) -> Int { lossCounts[output] }
}
