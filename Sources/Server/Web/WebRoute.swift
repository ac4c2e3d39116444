// The addresses of the web interface, beside the API's own. Pure.

/// A page, or something that a page does, with what its path says.
public enum WebRoute: Equatable, Sendable {
    case script, playground, icon
    case signIn, doSignIn, signOut
    case jobs
    case job(String)
    case lots(job: String)
    case lot(job: String)
    case webhooks(job: String)
    case download(job: String)
    case cancel(job: String)
    case redeliver(delivery: String)
    case events
    case system
    case tryIt, doTryIt
}

extension WebRoute {
    /// Method, path, route; `:job` and its like stand for an id.
    static let table: [(method: String, path: String, make: @Sendable (_ id: String) -> WebRoute)] = [
        ("GET", "/site.js", { _ in .script }),
        ("GET", "/playground.js", { _ in .playground }),
        ("GET", "/favicon.svg", { _ in .icon }),
        ("GET", "/sign-in", { _ in .signIn }),
        ("POST", "/sign-in", { _ in .doSignIn }),
        ("POST", "/sign-out", { _ in .signOut }),
        ("GET", "/jobs", { _ in .jobs }),
        ("GET", "/jobs/:job", { .job($0) }),
        ("GET", "/jobs/:job/lots", { .lots(job: $0) }),
        ("GET", "/jobs/:job/lot", { .lot(job: $0) }),
        ("GET", "/jobs/:job/webhooks", { .webhooks(job: $0) }),
        ("GET", "/jobs/:job/download", { .download(job: $0) }),
        ("POST", "/jobs/:job/cancel", { .cancel(job: $0) }),
        ("POST", "/deliveries/:delivery/redeliver", { .redeliver(delivery: $0) }),
        ("GET", "/events", { _ in .events }),
        ("GET", "/system", { _ in .system }),
        ("GET", "/try", { _ in .tryIt }),
        ("POST", "/try", { _ in .doTryIt }),
    ]
}
