// One thing that `generation-service check` looked at, and how it is. A value; any thread.

struct Finding: Sendable, Equatable {
    enum Grade: String, Sendable {
        case ok = "ok"
        /// The service starts; somebody should know.
        case warning = "WARNING"
        /// The service could not do its work.
        case failed = "FAILED"
    }

    var item: String
    var verdict: Grade
    /// For people. Never a secret.
    var text: String

    static func ok(_ item: String, _ text: String) -> Finding { Finding(item: item, verdict: .ok, text: text) }
    static func warning(_ item: String, _ text: String) -> Finding {
        Finding(item: item, verdict: .warning, text: text)
    }
    static func failed(_ item: String, _ text: String) -> Finding { Finding(item: item, verdict: .failed, text: text) }

    /// `database   ok       PostgreSQL 15.14 ...`; what is said further stands below in the same column.
    var line: String {
        let head = Finding.padded(item, 11) + Finding.padded(verdict.rawValue, 9)
        return head + text
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}

extension [Finding] {
    /// Nothing stands in the way of a start.
    var pass: Bool { !contains { $0.verdict == .failed } }

    var summary: String {
        let (failed, warnings) = (count { $0.verdict == .failed }, count { $0.verdict == .warning })
        if failed > 0 { return "\(failed) of \(count) checks failed." }
        return warnings > 0 ? "The service can start; \(warnings) of \(count) checks warn." : "All is well."
    }
}
