// What a client waiting for its description is told when no image can be used (C2.5). Pure.

extension ServiceError {
    /// 413 if size alone was the reason, else 422; both name the URLs.
    static func noUsableImage(_ problems: [(url: String, problem: ImageProblem)]) -> ServiceError {
        let urls = JSONValue(problems.prefix(Limits.detailEntries).map { $0.url })
        let details: JSONValue = ["invalid_urls": urls, "count": .int(problems.count)]
        if problems.allSatisfy({ $0.problem == .tooLarge }) {
            return ServiceError(.imagesTooLarge, "Images exceed maximum size of 10 MB", details: details)
        }
        return ServiceError(.invalidImageURLs, "Invalid image URLs detected", details: details)
    }
}
