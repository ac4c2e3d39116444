// All addresses of the service, API and web interface, in one table. Pure.

/// An endpoint of the API or of the web interface.
public enum SiteRoute: Equatable, Sendable {
    case api(APIRoute)
    case web(WebRoute)
}

extension SiteRoute {
    public static let router = Router(
        APIRoute.table.map { $0.map(SiteRoute.api) } + WebRoute.table.map { $0.map(SiteRoute.web) })

    /// Every endpoint in the API's document, with `:name` for an id.
    public static var documented: [(method: String, path: String)] {
        APIRoute.table.map { ($0.method, $0.path) } + WebRoute.documented.map { ($0.method, $0.path) }
    }
}
