// Notes the fields that lots are made of (C2.2) while the canonical writer writes a lot. Pure. Thread: any.

extension CanonicalWriter {
    /// Writes a member's value in a lot or an image and notes its position. `key` is the range of its name in the
    /// output, which has the only canonical spelling.
    mutating func noted(
        _ text: Span<UInt8>, _ start: Int, _ depth: Int, _ role: LotNotes.Role, key: Range<Int>
    ) -> Int {
        let name = out.bytes.span.extracting(key)
        let all = 0..<name.count
        if role == .image {
            let isURL = name.equals("url", in: all)
            let end = value(text, start, depth)
            if isURL, end >= 0 { notes.url = field(text, start, end) }
            return end
        }
        if name.equals("images", in: all) {
            notes.beginImages()
            let isArray = start < text.count && text[start] == JSONText.openArray
            let end = isArray ? array(text, start, depth + 1, .images) : value(text, start, depth)
            if end >= 0 { notes.images = field(text, start, end) }
            return end
        }
        let isID = name.equals("lot_id", in: all)
        let isInfo = name.equals("additional_info", in: all)
        let isWebhook = name.equals("webhook", in: all)
        let end = value(text, start, depth)
        guard end >= 0 else { return end }
        if isID { notes.lotID = field(text, start, end) }
        if isInfo { notes.additionalInfo = field(text, start, end) }
        if isWebhook { notes.webhook = field(text, start, end) }
        return end
    }

    /// Describes the value that was written last.
    private func field(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> LotNotes.Field {
        LotNotes.Field(start: start, end: end, isString: text[start] == JSONText.quote, spelling: spelling)
    }

    /// Writes an element of a lot's `images`.
    mutating func image(_ text: Span<UInt8>, _ start: Int, _ depth: Int) -> Int {
        guard start < text.count, text[start] == JSONText.openObject else {
            notes.elements.append(.noObject)
            return value(text, start, depth)
        }
        if let end = usualImage(text, start) { return end }
        notes.url = nil
        let end = object(text, start, depth + 1, .image)
        guard end >= 0 else { return end }
        guard let url = notes.url else {
            notes.elements.append(.withoutURL)
            return end
        }
        guard url.isString else {
            notes.elements.append(.url(url))
            return end
        }
        // The members may have been sorted, so the URL's position in the output
        // is unknown: write it again and copy it.
        let mark = out.count
        _ = string(text, url.start)
        notes.add(url, out.bytes.span.extracting(mark..<out.count))
        out.truncate(to: mark)
        return end
    }

    /// Writes an image of exactly the form `{"url":"..."}`, the usual one. Returns nil,
    /// with nothing written, for other forms.
    private mutating func usualImage(_ text: Span<UInt8>, _ start: Int) -> Int? {
        let opening: UInt64 = 0x223A_226C_7275_227B  // {"url":"
        guard start + 8 <= text.count, ByteBlock.word(text, at: start) == opening else { return nil }
        let mark = out.count
        out.reserve(8)
        out.put(opening.littleEndian, 7)
        let end = string(text, start + 7)
        guard end >= 0, end < text.count, text[end] == JSONText.closeObject else {
            out.truncate(to: mark)
            return nil
        }
        let url = LotNotes.Field(start: start + 7, end: end, isString: true, spelling: spelling)
        notes.add(url, out.bytes.span.extracting(mark + 7..<out.count))
        out.append(JSONText.closeObject)
        return end + 1
    }
}
