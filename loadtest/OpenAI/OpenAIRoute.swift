// The routes of the simulated API, with the names that fault plans and counters use. Thread: any.

enum OpenAIRoute: String, CaseIterable {
    case responses = "POST /v1/responses"
    case upload = "POST /v1/files"
    case files = "GET /v1/files"
    case file = "GET /v1/files/{id}"
    case content = "GET /v1/files/{id}/content"
    case deleteFile = "DELETE /v1/files/{id}"
    case createBatch = "POST /v1/batches"
    case batches = "GET /v1/batches"
    case batch = "GET /v1/batches/{id}"
    case cancelBatch = "POST /v1/batches/{id}/cancel"
    case models = "GET /v1/models"
    case model = "GET /v1/models/{id}"

    /// The route of a request, and the id in its path.
    static func of(method: String, path: some StringProtocol) -> (route: OpenAIRoute, id: String)? {
        let parts = URLParts.segments(path)
        for route in allCases {
            let pattern = route.rawValue.split(separator: " ")
            guard pattern[0] == method else { continue }
            let steps = pattern[1].split(separator: "/")
            guard steps.count == parts.count else { continue }
            var id = ""
            var matches = true
            for (step, part) in zip(steps, parts) {
                if step == "{id}" { id = part } else if step != part { matches = false }
            }
            if matches { return (route, id) }
        }
        return nil
    }
}
