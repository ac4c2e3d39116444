// Texts of the server's errors and notices, made safe for logs and errors. Thread: the loop's; nothing is freed here.
import CShims
import Logging

enum ServerMessage {
    static let log = Logger(label: "database")

    static func field(_ result: OpaquePointer, _ code: Character) -> String? {
        guard let ascii = code.asciiValue, let text = PQresultErrorField(result, Int32(ascii)) else { return nil }
        return String(cString: text)
    }

    /// Converts a failed result to an error.
    static func error(_ result: OpaquePointer, in name: String) -> DatabaseError {
        guard let sqlState = field(result, "C") else {
            // Without a code: libpq itself made this error because the connection broke.
            return DatabaseError(.lost(mayHaveHappened: true), "the connection broke")
        }
        let message = "\(name): \(summary(result, sqlState))"
        // The severity is not localised. FATAL and PANIC end the session; the
        // statement may have taken effect just before.
        let severity = field(result, "V") ?? ""
        if severity == "FATAL" || severity == "PANIC" { return DatabaseError(.lost(mayHaveHappened: true), message) }
        if sqlState == "57014", !message.contains("COPY") { return DatabaseError(.timedOut, message) }
        return DatabaseError(.statement(sqlState: sqlState), message)
    }

    /// Returns the message without values. PostgreSQL quotes values in data exceptions (class 22), in RAISE texts
    /// (P0) and always in DETAIL and CONTEXT, so these are left out. Names of tables and constraints are safe.
    static func summary(_ result: OpaquePointer, _ sqlState: String) -> String {
        let quotesValues = sqlState.hasPrefix("22") || sqlState.hasPrefix("P0") || sqlState.hasPrefix("XX")
        var text = quotesValues ? "the server refused a value" : firstLine(field(result, "M") ?? "")
        text += " (SQLSTATE \(sqlState)"
        for (label, code) in [("table", "t"), ("column", "c"), ("constraint", "n")] as [(String, Character)] {
            if let name = field(result, code) { text += ", \(label) \(name)" }
        }
        return text + ")"
    }

    /// Returns libpq's reason for a failed or lost connection. It names host, port and user, never the password.
    static func connectionProblem(_ connection: OpaquePointer) -> String {
        let lines = String(cString: PQerrorMessage(connection)).split(whereSeparator: \.isNewline)
        let text = lines.prefix(4).map { $0.drop { $0 == "\t" || $0 == " " } }.joined(separator: "; ")
        return text.isEmpty ? "the connection broke" : text
    }

    private static func firstLine(_ text: String) -> String {
        String(text.prefix { !$0.isNewline }.prefix(300))
    }

    /// Sends a connection's notices to the log; libpq would print them to stderr.
    static func routeNotices(of connection: OpaquePointer) {
        PQsetNoticeReceiver(
            connection,
            { _, result in
                guard let result else { return }
                let sqlState = ServerMessage.field(result, "C") ?? "00000"
                let text = ServerMessage.summary(result, sqlState)
                let isWarning = ServerMessage.field(result, "V") == "WARNING"
                ServerMessage.log.log(level: isWarning ? .warning : .debug, "\(text)")
            }, nil)
    }
}
