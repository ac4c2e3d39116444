// The addresses of the web interface; the API has its own table. Pure.

/// A page or an action of a page, with the ids from its path.
public enum WebRoute: Equatable, Sendable {
    case document, page, style
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
    /// Addresses that are in the API's document.
    static let documented: [Router<WebRoute>.Entry] = [
        .init("GET", "/openapi.json") { _ in .document },
        .init("GET", "/") { _ in .page },
        .init("GET", "/style.css") { _ in .style },
    ]

    /// Method, path and route; `:job` and the like stand for an id.
    static let table: [Router<WebRoute>.Entry] = documented + pages

    private static let pages: [Router<WebRoute>.Entry] = [
        .init("GET", "/site.js") { _ in .script },
        .init("GET", "/playground.js") { _ in .playground },
        .init("GET", "/favicon.svg") { _ in .icon },
        .init("GET", "/sign-in") { _ in .signIn },
        .init("POST", "/sign-in") { _ in .doSignIn },
        .init("POST", "/sign-out") { _ in .signOut },
        .init("GET", "/jobs") { _ in .jobs },
        .init("GET", "/jobs/:job") { .job($0) },
        .init("GET", "/jobs/:job/lots") { .lots(job: $0) },
        .init("GET", "/jobs/:job/lot") { .lot(job: $0) },
        .init("GET", "/jobs/:job/webhooks") { .webhooks(job: $0) },
        .init("GET", "/jobs/:job/download") { .download(job: $0) },
        .init("POST", "/jobs/:job/cancel") { .cancel(job: $0) },
        .init("POST", "/deliveries/:delivery/redeliver") { .redeliver(delivery: $0) },
        .init("GET", "/events") { _ in .events },
        .init("GET", "/system") { _ in .system },
        .init("GET", "/try") { _ in .tryIt },
        .init("POST", "/try") { _ in .doTryIt },
    ]
}
