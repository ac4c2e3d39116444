// Reads and judges the fields of one lot (C2.2). Works on the canonical text, in which keys are unique and nothing is
// malformed. Pure. Thread: any.

/// Keeps buffers and the last webhook's verdict from one lot to the next.
struct LotReader {
    private let urlProblem: @Sendable (String) -> String?
    private var lastWebhook: (bytes: [UInt8], problem: String?)?

    init(urlProblem: @escaping @Sendable (String) -> String?) { self.urlProblem = urlProblem }

    /// The lot's row; nil, and entries in `problems`, if something is wrong with it.
    mutating func read(_ text: Span<UInt8>, position: Int, problems: inout RequestProblems) -> LotRow? {
        guard text[0] == JSONText.openObject else {
            problems.invalid.add({ "lots[\(position)]" }, "must be an object")
            return nil
        }
        let fields = LotFields(text)
        let id = lotID(text, fields.lotID, position, &problems)
        let info = optionalText(text, fields.additionalInfo, { "lots[\(position)].additional_info" }, &problems)
        let webhook = self.webhook(text, fields.webhook, position, &problems)
        guard let images = images(text, fields.images, position, &problems), let id else { return nil }
        return LotRow(
            position: position, lotID: id, additionalInfo: info, webhook: webhook, images: images.json,
            imageCount: images.count)
    }

    private func lotID(
        _ text: Span<UInt8>, _ value: Range<Int>?, _ position: Int, _ problems: inout RequestProblems
    ) -> [UInt8]? {
        let path = { "lots[\(position)].lot_id" }
        guard let value else {
            problems.missing.add(path)
            return nil
        }
        guard let id = requiredText(text, value, path, &problems) else { return nil }
        // Each character (code point) has one byte that is no continuation.
        let characters = id.count <= Limits.lotIDCharacters ? id.count : id.count { $0 & 0xC0 != 0x80 }
        guard 1...Limits.lotIDCharacters ~= characters else {
            problems.invalid.add(path, "must have 1 to 255 characters")
            return nil
        }
        return id
    }

    private mutating func webhook(
        _ text: Span<UInt8>, _ value: Range<Int>?, _ position: Int, _ problems: inout RequestProblems
    ) -> [UInt8]? {
        let path = { "lots[\(position)].webhook" }
        guard let url = optionalText(text, value, path, &problems) else { return nil }
        // Most requests name one webhook in all of their lots.
        if lastWebhook?.bytes != url { lastWebhook = (url, urlProblem(String(decoding: url, as: UTF8.self))) }
        if let problem = lastWebhook?.problem {
            problems.webhooks.add(String(decoding: url, as: UTF8.self), path, problem)
        }
        return url
    }

    private func optionalText(
        _ text: Span<UInt8>, _ value: Range<Int>?, _ path: () -> String, _ problems: inout RequestProblems
    ) -> [UInt8]? {
        guard let value, text[value.lowerBound] != UInt8(ascii: "n") else { return nil }
        return requiredText(text, value, path, &problems)
    }

    private func requiredText(
        _ text: Span<UInt8>, _ value: Range<Int>, _ path: () -> String, _ problems: inout RequestProblems
    ) -> [UInt8]? {
        guard text[value.lowerBound] == JSONText.quote else {
            problems.invalid.add(path, "must be a string")
            return nil
        }
        var out: [UInt8] = []
        out.reserveCapacity(value.count)
        let flaws = JSONString.decode(text.extracting(value.lowerBound + 1..<value.upperBound - 1), into: &out)
        guard flaws.isEmpty else {
            problems.invalid.add(path, "must not contain NUL or a lone surrogate")
            return nil
        }
        return out
    }
}

// MARK: - Images

extension LotReader {
    /// The URLs as a JSON array, and their number.
    private func images(
        _ text: Span<UInt8>, _ value: Range<Int>?, _ position: Int, _ problems: inout RequestProblems
    ) -> (json: [UInt8], count: Int)? {
        let path = { "lots[\(position)].images" }
        guard let value else {
            problems.missing.add(path)
            return nil
        }
        guard text[value.lowerBound] == JSONText.openArray, value.count > 2 else {
            problems.invalid.add(path, "must be a non-empty array of objects with a url")
            return nil
        }
        var json: [UInt8] = []
        json.reserveCapacity(value.count)
        json.append(JSONText.openArray)
        var count = 0
        var isValid = true
        var index = value.lowerBound + 1
        while index < value.upperBound {
            let (url, end) = image(text, at: index, { "lots[\(position)].images[\(count)]" }, &problems)
            if let url {
                if count > 0 { json.append(JSONText.comma) }
                json.append(text, url)
            } else {
                isValid = false
            }
            count += 1
            index = end + 1  // a comma or the closing bracket
        }
        json.append(JSONText.closeArray)
        return isValid ? (json, count) : nil
    }

    /// The token of one image's URL, if it is one that may be stored, and the index after the image.
    private func image(
        _ text: Span<UInt8>, at start: Int, _ path: () -> String, _ problems: inout RequestProblems
    ) -> (url: Range<Int>?, end: Int) {
        guard text[start] == JSONText.openObject else {
            problems.invalid.add(path, "must be an object with a url")
            return (nil, JSONWalk.endOfValue(text, from: start))
        }
        var object = CanonicalObject(text, at: start)
        var token: Range<Int>?
        while let (key, value) = object.next(text) {
            if text.equals("url", in: key) { token = value }
        }
        let urlPath = { path() + ".url" }
        guard let token else {
            problems.missing.add(urlPath)
            return (nil, object.index + 1)
        }
        guard let url = requiredString(text, token, urlPath, &problems) else { return (nil, object.index + 1) }
        if let problem = urlProblem(url) { problems.images.add(url, urlPath, problem) }
        return (token, object.index + 1)
    }

    /// As `requiredText`, without a copy where nothing is escaped, as in most URLs.
    private func requiredString(
        _ text: Span<UInt8>, _ value: Range<Int>, _ path: () -> String, _ problems: inout RequestProblems
    ) -> String? {
        if text[value.lowerBound] == JSONText.quote {
            let inside = text.extracting(value.lowerBound + 1..<value.upperBound - 1)
            if JSONText.endOfPlain(inside, from: 0) == inside.count {
                return inside.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
            }
        }
        return requiredText(text, value, path, &problems).map { String(decoding: $0, as: UTF8.self) }
    }
}
