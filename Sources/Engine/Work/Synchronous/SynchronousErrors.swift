// The reply to a synchronous request without a usable image (C2.5). Pure.

extension ServiceError {
    /// Returns 413 if size was the only reason, otherwise 422; both list the URLs.
    static func noUsableImage(_ problems: [(url: String, problem: ImageProblem)]) -> ServiceError {
        let urls = JSONValue(problems.prefix(Limits.detailEntries).map { $0.url })
        let details: JSONValue = ["invalid_urls": urls, "count": .int(problems.count)]
        if problems.allSatisfy({ $0.problem == .tooLarge }) {
            return ServiceError(.imagesTooLarge, "Images exceed maximum size of 10 MB", details: details)
        }
        return ServiceError(.invalidImageURLs, "Invalid image URLs detected", details: details)
    }

    /// Returns 422 with the URLs and their reasons: the provider refused the last image.
    static func noUsableImage(_ pictures: LotPictures) -> ServiceError {
        let missing = pictures.missing.prefix(Limits.detailEntries)
        let details: JSONValue = [
            "invalid_urls": JSONValue(missing.map { $0 }), "count": .int(pictures.missing.count),
            "reasons": JSONValue(missing.map { pictures.reason(of: $0) ?? "unknown" }),
        ]
        return ServiceError(.invalidImageURLs, "Invalid image URLs detected", details: details)
    }
}
