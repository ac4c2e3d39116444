// One row of the table of `loadtest chaos provider`: a fault of the provider, and what must come of it. Values; any
// thread.

/// The places at which the provider, or a gateway before it, may fail.
enum ProviderPlace: String, CaseIterable, Sendable {
    case ask = "POST /v1/responses"
    case upload = "POST /v1/files"
    case uploads = "GET /v1/files"
    case create = "POST /v1/batches"
    case list = "GET /v1/batches"
    case poll = "GET /v1/batches/{id}"
    case output = "GET /v1/files/{id}/content"
    case cancel = "POST /v1/batches/{id}/cancel"
    case delete = "DELETE /v1/files/{id}"

    /// The most calls of one case here that are no loop. Polls follow their interval instead.
    var callsMax: Int {
        switch self {
        case .ask: 40
        case .upload, .create: 12
        case .uploads, .delete: 30
        case .list, .output: 60
        case .cancel: 20
        case .poll: .max
        }
    }
}

struct ProviderCase: Sendable {
    /// The request to the service.
    enum Work: Sendable, Equatable {
        case job
        /// A job that is cancelled while its batch is being made, or when it has one.
        case cancelledEarly, cancelledLate
        /// One lot, described while its sender waits, with the statuses that are right.
        case lot([Int])
    }

    enum Outcome: Sendable, Equatable {
        /// As without the fault.
        case described
        /// The pictures with this in their URL are missing, the rest as without the fault.
        case without(String)
        /// The lots with these numbers fail, the others are as without the fault.
        case lotsFail([Int])
        /// All lots fail.
        case allFail
        /// The end is not prescribed; only the ledger counts.
        case any
    }

    let name: String
    var work = Work.job
    /// A fault plan. `JOB` stands for the job's number.
    var faults: String
    var lots = 6
    var languages = ["en", "de"]
    /// Settings of the instance in addition to those of the scenario.
    var settings: [String: String] = [:]
    var outcome = Outcome.described
    /// The faults end after this many seconds; nil: they last.
    var healsAfter: Double?
    /// The instance is killed this many seconds after the first call at the place.
    var kill: (at: ProviderPlace, after: Double)?
    /// The ledger is read this many seconds after the end.
    var tailSeconds = 0.0
    /// Batches of other users in the account's list.
    var foreignBatches = 0
    /// Statements that the database refuses meanwhile.
    var refusesResults = false
    /// Usable answers of a lot and stage beyond the first that RELIABILITY names, in all.
    var paidAgainMax = 0
    /// Batches beyond the first of the same lots that RELIABILITY names.
    var madeAgainMax = 0
    /// Usable answers that RELIABILITY names as lost.
    var lostMax = 0
    /// False where the provider does not state usable figures, or a reply was lost.
    var isBooked = true
    /// Other bounds than ``ProviderPlace/callsMax``.
    var callsMax: [ProviderPlace: Int] = [:]

    init(_ name: String, _ faults: String, _ change: (inout ProviderCase) -> Void = { _ in }) {
        (self.name, self.faults) = (name, faults)
        change(&self)
    }
}

/// A reply in place of the right one: by the provider, or by something between it and the service.
enum GatewayForm: String, CaseIterable, Sendable {
    case json404 = "404_json"
    case html404 = "404_html"
    case empty404 = "404_empty"
    case plain404 = "404_plain"
    case login = "login_page"
    case moved301 = "301_to_login"
    case moved302 = "302_to_login"
    case empty200 = "200_empty"
    case html502 = "502_html"
    case json500 = "500_json"
    case rate429 = "429_json"
    case dropped = "dropped"

    /// Members of a route's fault.
    var json: String {
        switch self {
        case .json404: #""fault": "error", "status": 404"#
        case .html404: #""fault": "html", "status": 404"#
        case .empty404: #""fault": "empty", "status": 404"#
        case .plain404: #""fault": "raw", "status": 404, "body": "404 page not found\n", "content_type": "text/plain""#
        case .login: #""fault": "login""#
        case .moved301: #""fault": "redirect", "status": 301, "to": "login""#
        case .moved302: #""fault": "redirect", "status": 302, "to": "login""#
        case .empty200: #""fault": "empty", "status": 200"#
        case .html502: #""fault": "html", "status": 502"#
        case .json500: #""fault": "error", "status": 500"#
        case .rate429: #""fault": "error", "status": 429, "retry_after": 1"#
        case .dropped: #""fault": "drop""#
        }
    }
}

/// Builds fault plans.
enum FaultText {
    /// Members of a plan with one entry for a route.
    static func at(_ place: ProviderPlace, _ members: String, times: Int? = 1) -> String {
        #"{"route": "\#(place.rawValue)", \#(members)\#(times.map { #", "times": \#($0)"# } ?? "")}"#
    }

    static func routes(_ entries: String...) -> String { #"{"routes": [\#(entries.joined(separator: ", "))]}"# }
    static func lines(_ entries: String...) -> String { #"{"lines": [\#(entries.joined(separator: ", "))]}"# }
    static func batches(_ entries: String...) -> String { #"{"batches": [\#(entries.joined(separator: ", "))]}"# }
}
