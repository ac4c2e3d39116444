// The faults of requests on a route of the API. Values; any thread.
import Engine

/// The fault of a request on a route.
public enum RouteFaultKind: String, Sendable, CaseIterable {
    // Before the act; the request then continues, also with later entries of the list.

    /// Waits `seconds` before it reads the body, so that a client that leaves meanwhile is not served.
    case slow
    /// Reads the body, waits `seconds`, and acts even if the client has left: the provider works on. With `gateway` a
    /// gateway answers with this status meanwhile.
    case late

    // Other forms of a good reply; the request continues with later entries.

    /// A list without the objects of the last `seconds`.
    case lag
    /// A list that begins anew for every `after`, and always has more.
    case ignoresAfter = "ignores_after"
    /// A list in an order that depends on the ids only.
    case oddOrder = "odd_order"
    /// Objects without `created_at`.
    case noCreatedAt = "no_created_at"
    /// Objects whose times are off by `seconds`.
    case timesOff = "times_off"
    /// A batch without its file ids, although it has ended with files.
    case noFiles = "no_files"
    /// A batch without `request_counts`.
    case noCounts = "no_counts"

    // Instead of the act, or after it with `acts`.

    /// Answers `status` in the error shape, with `code`, `type`, `param` and `message`.
    case error
    /// Answers `status` with an HTML page, as a proxy does.
    case html
    /// Answers `status` without a body.
    case empty
    /// Answers 200 with the HTML form of a login page.
    case login
    /// Answers `status` with the text `body`, of the type `content_type`.
    case raw
    /// Answers `status` with a `Location`: see ``RouteFault/target``.
    case redirect
    /// Closes the connection.
    case drop

    // After the act.

    /// Closes the connection without a reply.
    case lostReply = "lost_reply"
    /// Delays the reply by `seconds`.
    case lateReply = "late_reply"
    /// Closes the connection in the middle of the reply.
    case truncated
    /// Ends the reply well in the middle of its content, without a Content-Length.
    case cut
    /// Compresses the reply although no client asked for it.
    case gzip

    /// True if the request goes on as it would without the fault.
    var leavesItsWay: Bool {
        switch self {
        case .slow, .late, .lag, .ignoresAfter, .oddOrder, .noCreatedAt, .timesOff, .noFiles, .noCounts: true
        case .error, .html, .empty, .login, .raw, .redirect, .drop, .lostReply, .lateReply, .truncated, .cut, .gzip:
            false
        }
    }

    /// True for a reply in place of the act's.
    var replaces: Bool {
        switch self {
        case .error, .html, .empty, .login, .raw, .redirect, .drop: true
        case .slow, .late, .lag, .ignoresAfter, .oddOrder, .noCreatedAt, .timesOff, .noFiles, .noCounts, .lostReply,
            .lateReply, .truncated, .cut, .gzip:
            false
        }
    }
}

struct RouteFault: Sendable {
    /// The moment of a request at which its faults are decided.
    enum Moment {
        /// Its head is there.
        case arrival
        /// Its body is there.
        case request
        /// Its good reply is there.
        case reply
    }

    var route: String
    var kind: RouteFaultKind
    var status = 500
    /// The members of an `error`.
    var error = ErrorMembers()
    /// Of the reply to an `error`, an `html`, an `empty` or a `raw`.
    var headers: [(String, String)] = []
    var body = ""
    var contentType = "application/json"
    var seconds = 1.0
    /// nil: always `seconds`; else at random between both.
    var secondsMax: Double?
    /// Where a `redirect` leads: `path` (the same act at another path of this host), `host` (the same at another host,
    /// without a key), `login` (a login page), or an address.
    var target = "path"
    /// Strikes only requests whose text contains this. The text is the body; for a batch also the first line of its
    /// input file, for an upload the first line of the file.
    var contains: String?
    /// Strikes only bodies and uploads of at least this many bytes.
    var bytesMin: Int?
    /// `late`: the status of the gateway's page, and the seconds after which it is sent.
    var gateway: (status: Int, after: Double)?
    /// Acts before it answers in its own way.
    var acts = false
    var odds = FaultOdds()

    var moment: Moment {
        if kind == .noFiles { return .reply }
        return contains == nil && bytesMin == nil ? .arrival : .request
    }
}

/// The members of an error, as the plan gives them.
struct ErrorMembers: Sendable {
    /// Some gateways send numbers here.
    var code: JSONValue?
    var type: String?
    var param: String?
    var message: String?
    /// A number of seconds, or any text.
    var retryAfter: JSONValue?
}
