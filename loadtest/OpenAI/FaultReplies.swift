// The replies of faults: of the provider, of a proxy, of a login page. Thread: any.
import Engine

enum FaultReplies {
    static func error(_ error: APIError) -> SimReply {
        var reply = SimReply.json(error.status, error.json)
        if let text = error.retryAfter { reply.headers.append(("Retry-After", text)) }
        reply.headers += error.headers
        return reply
    }

    /// The error of the fault `error` at a route; `id` is that in its path.
    static func refusal(_ fault: RouteFault, _ route: OpenAIRoute, id: String) -> SimReply {
        var error = fault.error.error(or: usual(fault.status, route, id: id, code: fault.error.code?.string))
        error.headers = fault.headers
        return FaultReplies.error(error)
    }

    private static func usual(_ status: Int, _ route: OpenAIRoute, id: String, code: String?) -> APIError {
        switch status {
        case 404:
            switch route {
            case .batch, .cancelBatch: return .noSuchBatch(id)
            case .file, .content, .deleteFile: return .noSuchFile(id)
            case .responses, .upload, .files, .createBatch, .batches, .models, .model: return APIError(404, "Not Found")
            }
        case 429 where code == "insufficient_quota":
            return APIError(429, "You exceeded your current quota.", type: "insufficient_quota")
        case 429: return APIError(429, "Rate limit reached.", type: "requests", code: "rate_limit_exceeded")
        case 503: return APIError(503, "The server is overloaded.", type: "service_unavailable_error")
        case 500...599:
            return APIError(status, "The server had an error while processing your request.", type: "server_error")
        default: return APIError(status, "Refused by a fault switch.")
        }
    }

    static func page(_ status: Int, headers: [(String, String)] = []) -> SimReply {
        let html = "<html><head><title>\(status)</title></head><body><h1>\(status) from a proxy</h1></body></html>"
        var reply = SimReply.text(status, html, type: "text/html")
        reply.headers += headers
        return reply
    }

    static func login() -> SimReply {
        let html =
            "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form method=\"post\" action=\"/login\">"
            + "<input name=\"user\"><input name=\"password\" type=\"password\"></form></body></html>"
        return .text(200, html, type: "text/html; charset=utf-8")
    }

    static func redirect(_ status: Int, to location: String) -> SimReply {
        var reply = SimReply.text(status, "<html><body>Moved.</body></html>", type: "text/html")
        reply.headers.append(("Location", location))
        return reply
    }
}
