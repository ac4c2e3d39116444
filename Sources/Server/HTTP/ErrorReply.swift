// The one place that turns an error into HTTP (C4.1). Pure; any thread.
import Engine

public enum ErrorReply {
    /// The members are `{"error", "message", "code", "request_id"}`, plus `details` and extra members if the error has
    /// them. An error with a known retry time also has the header `Retry-After` and the member `retry_after`, in
    /// seconds (C4.1).
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
            // Where the API document shows the member inside `details`, it is written only there.
            if error.details?["retry_after"] == nil { members.append(("retry_after", .int(seconds))) }
            headers.append(("Retry-After", String(seconds)))
        }
        for member in error.extra where !members.contains(where: { $0.0 == member.0 }) { members.append(member) }
        return .json(error.code.status, .object(members), headers: headers)
    }
}
