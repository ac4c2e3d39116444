// Collects a request's problems until its signature is known to hold (C1.7). Pure. Thread: any.

/// The problems per kind: the first 100 in full, the others counted (C3.4).
struct RequestProblems {
    /// Fields, named by a path such as `lots[17].images[0].url`.
    struct Fields {
        private(set) var paths: [String] = []
        private(set) var count = 0
        /// Reason of the first problem.
        private(set) var reason = ""

        mutating func add(_ path: () -> String, _ reason: StaticString = "") {
            if count == 0 { self.reason = "\(reason)" }
            if count < Limits.detailEntries { paths.append(path()) }
            count += 1
        }

        var details: JSONValue {
            ["path": JSONValue(paths.first), "fields": JSONValue(paths), "count": .int(count)]
        }
    }

    /// URLs that must not be used (C3.3).
    struct URLs {
        private var urls: [String] = []
        private var paths: [String] = []
        private var reasons: [String] = []
        private(set) var count = 0

        mutating func add(_ url: String, _ path: () -> String, _ reason: String) {
            if count < Limits.detailEntries {
                urls.append(String(url.prefix(ReaderBounds.echoCharacters)))
                paths.append(path())
                reasons.append(reason)
            }
            count += 1
        }

        var details: JSONValue {
            [
                "invalid_urls": JSONValue(urls), "count": .int(count), "fields": JSONValue(paths),
                "reasons": JSONValue(reasons),
            ]
        }
    }

    var missing = Fields()
    var invalid = Fields()
    var images = URLs()
    var webhooks = URLs()

    /// True while no problem was found, so rows are still worth passing on.
    var isEmpty: Bool { missing.count + invalid.count + images.count + webhooks.count == 0 }

    /// Throws MISSING_FIELD or INVALID_FIELD, with all problems of one kind together (C2.2).
    func throwFields() throws(ServiceError) {
        if missing.count > 0 { throw RequestProblems.missingField(missing) }
        guard invalid.count > 0 else { return }
        let first = "\(invalid.paths.first ?? "") \(invalid.reason)"
        let message =
            invalid.count == 1 ? "Invalid field: \(first)" : "\(invalid.count) invalid fields, the first: \(first)"
        throw ServiceError(.invalidField, message, details: invalid.details)
    }

    /// Throws INVALID_IMAGE_URLS or INVALID_WEBHOOK_URL (C3.3).
    func throwURLs() throws(ServiceError) {
        if images.count > 0 {
            throw ServiceError(.invalidImageURLs, "Invalid image URLs detected", details: images.details)
        }
        if webhooks.count > 0 {
            throw ServiceError(.invalidWebhookURL, "Invalid webhook URLs detected", details: webhooks.details)
        }
    }

    static func missingField(_ fields: Fields) -> ServiceError {
        let first = fields.paths.first ?? ""
        let message =
            fields.count == 1
            ? "Missing required field: \(first)" : "\(fields.count) required fields are missing, the first: \(first)"
        return ServiceError(.missingField, message, details: fields.details)
    }
}
