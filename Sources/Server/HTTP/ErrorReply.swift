// The one place that turns an error into HTTP (C4.1). Pure; any thread.
import Engine

public enum ErrorReply {
    /// `{"error", "message", "code", "request_id"}`, `details` and further members where the error has them;
    /// `Retry-After` and the member `retry_after`, in seconds, where it is known when to come back (C4.1).
    public static func make(_ error: ServiceError, requestID: String) -> Reply {
        var members: [(String, JSONValue)] = [
            ("error", .string(error.code.title)),
            ("message", .string(error.message)),
            ("code", .string(error.code.rawValue)),
            ("request_id", .string(requestID)),
        ]
        if let details = error.details { members.append(("details", details)) }
        var headers: [(String, String)] = []
        if let seconds = error.retryAfter {
            // Where the document shows it in `details` it stands there only.
            if error.details?["retry_after"] == nil { members.append(("retry_after", .int(seconds))) }
            headers.append(("Retry-After", String(seconds)))
        }
        for member in error.extra where !members.contains(where: { $0.0 == member.0 }) { members.append(member) }
        return .json(error.code.status, .object(members), headers: headers)
    }
}
