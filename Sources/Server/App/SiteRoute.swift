// All addresses of the service: the API's and the web interface's in one table. Pure.

/// An endpoint of either part.
public enum SiteRoute: Equatable, Sendable {
    case api(APIRoute)
    case web(WebRoute)
}

extension SiteRoute {
    public static let router = Router(
        APIRoute.table.map { $0.map(SiteRoute.api) } + WebRoute.table.map { $0.map(SiteRoute.web) })

    /// Every endpoint that the API's document describes, with `:name` for an id.
    public static var documented: [(method: String, path: String)] {
        APIRoute.table.map { ($0.method, $0.path) } + WebRoute.documented.map { ($0.method, $0.path) }
    }
}
