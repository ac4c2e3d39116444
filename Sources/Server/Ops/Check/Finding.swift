// One finding of `generation-service check`: an item and its verdict. A value. Thread: any.

struct Finding: Sendable, Equatable {
    enum Grade: String, Sendable {
        case ok = "ok"
        /// The service starts, but an operator should act.
        case warning = "WARNING"
        /// The service could not work.
        case failed = "FAILED"
    }

    var item: String
    var verdict: Grade
    /// Text for people. It never contains a secret.
    var text: String

    static func ok(_ item: String, _ text: String) -> Finding { Finding(item: item, verdict: .ok, text: text) }
    static func warning(_ item: String, _ text: String) -> Finding {
        Finding(item: item, verdict: .warning, text: text)
    }
    static func failed(_ item: String, _ text: String) -> Finding { Finding(item: item, verdict: .failed, text: text) }

    /// The report's line: `database   ok       PostgreSQL 15.14 ...`. Further lines of the text start in the same
    /// column.
    var line: String {
        let head = Finding.padded(item, 11) + Finding.padded(verdict.rawValue, 9)
        return head + text
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}

extension [Finding] {
    /// Whether the service can start: no check failed.
    var pass: Bool { !contains { $0.verdict == .failed } }

    var summary: String {
        let (failed, warnings) = (count { $0.verdict == .failed }, count { $0.verdict == .warning })
        if failed > 0 { return "\(failed) of \(count) checks failed." }
        return warnings > 0 ? "The service can start; \(warnings) of \(count) checks warn." : "All is well."
    }
}
