// Validates the fields of one lot (C2.2) at the positions that the canonical writer has noted. Reads the source,
// which that writer has accepted. Pure. Thread: any.

/// Keeps its buffers and the verdicts on recent URLs from one lot to the next.
struct LotReader {
    private var judge: URLJudge
    /// The row of the last lot.
    private(set) var row = LotRow()
    private var lastWebhook: (url: [UInt8], problem: String?)?

    init(policy: AddressPolicy) { judge = URLJudge(policy: policy) }

    /// Fills `row` with the lot. Returns false, with entries in `problems`, if the lot is invalid.
    mutating func read(
        _ text: Span<UInt8>, _ notes: borrowing LotNotes, position: Int, problems: inout RequestProblems
    ) -> Bool {
        guard text[0] == JSONText.openObject else {
            problems.invalid.add({ "lots[\(position)]" }, "must be an object")
            return false
        }
        row.begin(position: position)
        let hasID = lotID(text, notes.lotID, &problems)
        row.additionalInfo = optionalText(
            text, notes.additionalInfo, { "lots[\(position)].additional_info" }, &problems)
        webhook(text, notes.webhook, &problems)
        return images(text, notes, &problems) && hasID
    }

    /// Frees the memory that one unusually large lot needed.
    mutating func shrink(to bytes: Int) { row.shrink(to: bytes) }

    private mutating func lotID(
        _ text: Span<UInt8>, _ field: LotNotes.Field?, _ problems: inout RequestProblems
    ) -> Bool {
        let position = row.position
        let path = { "lots[\(position)].lot_id" }
        guard let field else {
            problems.missing.add(path)
            return false
        }
        guard let id = requiredText(text, field, path, &problems) else { return false }
        // Each character (code point) has exactly one byte that is not a continuation byte.
        let characters =
            id.count <= Limits.lotIDCharacters ? id.count : row.bytes[id].count { $0 & 0xC0 != 0x80 }
        guard 1...Limits.lotIDCharacters ~= characters else {
            problems.invalid.add(path, "must have 1 to 255 characters")
            return false
        }
        row.lotID = id
        return true
    }

    private mutating func webhook(
        _ text: Span<UInt8>, _ field: LotNotes.Field?, _ problems: inout RequestProblems
    ) {
        let position = row.position
        let path = { "lots[\(position)].webhook" }
        guard let place = optionalText(text, field, path, &problems) else { return }
        row.webhook = place
        let url = row.bytes[place]
        // Most requests have the same webhook in all lots.
        if lastWebhook?.url.elementsEqual(url) != true {
            let copy = Array(url)
            lastWebhook = (copy, judge.problem(copy.span))
        }
        if let problem = lastWebhook?.problem {
            problems.webhooks.add(String(decoding: url, as: UTF8.self), path, problem)
        }
    }

    private mutating func optionalText(
        _ text: Span<UInt8>, _ field: LotNotes.Field?, _ path: () -> String, _ problems: inout RequestProblems
    ) -> Range<Int>? {
        guard let field, text[field.start] != UInt8(ascii: "n") else { return nil }
        return requiredText(text, field, path, &problems)
    }

    /// Appends the field's text to the row.
    private mutating func requiredText(
        _ text: Span<UInt8>, _ field: LotNotes.Field, _ path: () -> String, _ problems: inout RequestProblems
    ) -> Range<Int>? {
        guard field.isString else {
            problems.invalid.add(path, "must be a string")
            return nil
        }
        let start = row.bytes.count
        let inside = text.extracting(field.start + 1..<field.end - 1)
        guard field.spelling == .escaped else {
            row.bytes.append(inside)
            return start..<row.bytes.count
        }
        guard JSONString.decode(inside, into: &row.bytes).isEmpty else {
            problems.invalid.add(path, "must not contain NUL or a lone surrogate")
            return nil
        }
        return start..<row.bytes.count
    }
}

// MARK: - Images

extension LotReader {
    private mutating func images(
        _ text: Span<UInt8>, _ notes: borrowing LotNotes, _ problems: inout RequestProblems
    ) -> Bool {
        let position = row.position
        let path = { "lots[\(position)].images" }
        guard let field = notes.images else {
            problems.missing.add(path)
            return false
        }
        guard text[field.start] == JSONText.openArray, !notes.elements.isEmpty else {
            problems.invalid.add(path, "must be a non-empty array of objects with a url")
            return false
        }
        var isValid = true
        for index in notes.elements.indices {
            // Error text is built only for lots with an error.
            switch notes.elements[index] {
            case .url(let url):
                switch judge(text, url) {
                case .fine: break
                case .flawed(let flaw):
                    if !flaw.add(lot: position, image: index, to: &problems) { isValid = false }
                }
            case .withoutURL:
                problems.missing.add { "lots[\(position)].images[\(index)].url" }
                isValid = false
            case .noObject:
                problems.invalid.add({ "lots[\(position)].images[\(index)]" }, "must be an object with a url")
                isValid = false
            }
        }
        guard isValid else { return false }
        let start = row.bytes.count
        row.bytes.append(notes.urls.bytes.span)
        row.bytes.append(JSONText.closeArray)
        row.images = start..<row.bytes.count
        row.imageCount = notes.elements.count
        return true
    }

    /// Result of checking one image URL.
    private enum Ruling {
        case fine
        case flawed(Flaw)
    }

    private enum Flaw {
        case noString, noText
        /// A text that can be stored but not used as a URL.
        case unusable(url: String, problem: String)

        /// - Returns: true if reading the lot can continue.
        @inline(never)
        func add(lot: Int, image: Int, to problems: inout RequestProblems) -> Bool {
            let path = { "lots[\(lot)].images[\(image)].url" }
            switch self {
            case .noString: problems.invalid.add(path, "must be a string")
            case .noText: problems.invalid.add(path, "must not contain NUL or a lone surrogate")
            case .unusable(let url, let problem):
                problems.images.add(url, path, problem)
                return true
            }
            return false
        }
    }

    private mutating func judge(_ text: Span<UInt8>, _ url: LotNotes.Field) -> Ruling {
        guard url.isString else { return .flawed(.noString) }
        let inside = text.extracting(url.start + 1..<url.end - 1)
        guard url.spelling == .escaped else {
            guard let problem = judge.problem(inside) else { return .fine }
            let url = inside.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
            return .flawed(.unusable(url: url, problem: problem))
        }
        var decoded: [UInt8] = []
        guard JSONString.decode(inside, into: &decoded).isEmpty else { return .flawed(.noText) }
        guard let problem = judge.problem(decoded.span) else { return .fine }
        return .flawed(.unusable(url: String(decoding: decoded, as: UTF8.self), problem: problem))
    }
}
