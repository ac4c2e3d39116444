// The top level of a request's body: takes slices of any size and members in any order (C2.2), and passes on each
// token. Pure. Thread: any.
//
// A lot that lies wholly within a slice, the usual case, is taken at once. The scanner finds the end of the others.
//
// Memory: one lot (Limits.lotBytes) and its canonical form, three small members, 16 bytes per lot_id, at most 100
// entries per kind of problem. Never the whole body.

struct RequestMachine: ~Copyable {
    private enum Step {
        case begin, firstKey, key, colon, value, firstElement, element, afterElement, token, after, end
    }

    /// Purpose of the value that is being scanned.
    private enum Token {
        case key
        case lot
        case lotsNoArray
        case kept(KeptMembers.Name)
        case skipped
    }

    private(set) var lots: LotsIntake
    private(set) var kept = KeptMembers()
    /// Signature over the raw body (C1.3), if configured.
    private(set) var raw: SignatureRun?

    private var step = Step.begin
    private var token = Token.key
    private var scanner = JSONScanner(maxDepth: Limits.lotNesting)
    /// The part of the token from earlier slices.
    private var carry: [UInt8] = []
    private var tokenBytes = 0
    private var member: KeptMembers.Name?
    private var memberIsLots = false
    private var consumed = 0

    init(configuration: RequestReaderConfiguration, keys: SignatureKeys, sink: any LotSink) {
        lots = LotsIntake(configuration: configuration, keys: keys, sink: sink)
        raw = configuration.hashesBody ? keys.begin() : nil
    }

    mutating func read(_ bytes: Span<UInt8>) throws(ServiceError) {
        raw?.update(bytes)
        var index = 0
        while index < bytes.count {
            if case .token = step {
                index = try scan(bytes, index)
            } else if JSONText.isSpace(bytes[index]) {
                index += 1
            } else if let end = element(bytes, index) {
                index = end
            } else {
                index = try structure(bytes[index], index)
            }
        }
        consumed += bytes.count
    }

    /// Throws INVALID_JSON unless the body's object is complete.
    func checkEnd() throws(ServiceError) {
        guard case .end = step else { throw RequestMachine.invalidJSON(JSONError(.unexpectedEnd, at: consumed)) }
    }
}

// MARK: - Between tokens

extension RequestMachine {
    /// Takes one byte of the body's own object or of the `lots` array. Leaves a
    /// byte that begins a token to the scanner.
    private mutating func structure(_ byte: UInt8, _ index: Int) throws(ServiceError) -> Int {
        switch (step, byte) {
        case (.begin, JSONText.openObject): step = .firstKey
        case (.firstKey, JSONText.closeObject), (.after, JSONText.closeObject): step = .end
        case (.firstKey, JSONText.quote), (.key, JSONText.quote): return begin(.key, index)
        case (.colon, JSONText.colon): step = .value
        case (.value, JSONText.openArray) where memberIsLots:
            lots.begin()
            lots.beginArray()
            step = .firstElement
        case (.value, _): return beginValue(index)
        case (.firstElement, JSONText.closeArray), (.afterElement, JSONText.closeArray):
            lots.endArray()
            step = .after
        case (.firstElement, _), (.element, _): return begin(.lot, index)
        case (.afterElement, JSONText.comma): step = .element
        case (.after, JSONText.comma): step = .key
        case (.begin, _), (.firstKey, _), (.key, _), (.colon, _), (.afterElement, _), (.after, _), (.end, _),
            (.token, _):
            throw RequestMachine.invalidJSON(JSONError(.unexpectedByte, at: consumed + index))
        }
        return index + 1
    }

    /// Takes a whole lot at once, if it lies within the slice; otherwise returns nil.
    private mutating func element(_ bytes: Span<UInt8>, _ index: Int) -> Int? {
        switch step {
        case .firstElement, .element:
            guard let length = lots.begun(bytes.extracting(index..<bytes.count)) else { return nil }
            step = .afterElement
            return index + length
        case .begin, .firstKey, .key, .colon, .value, .afterElement, .token, .after, .end: return nil
        }
    }

    private mutating func begin(_ token: Token, _ index: Int) -> Int {
        self.token = token
        scanner.restart()
        if !carry.isEmpty { carry.removeAll(keepingCapacity: true) }
        tokenBytes = 0
        step = .token
        return index
    }

    private mutating func beginValue(_ index: Int) -> Int {
        if memberIsLots {
            lots.begin()
            return begin(.lotsNoArray, index)
        }
        return begin(member.map { .kept($0) } ?? .skipped, index)
    }
}

// MARK: - Tokens

extension RequestMachine {
    private mutating func scan(_ bytes: Span<UInt8>, _ start: Int) throws(ServiceError) -> Int {
        let end: Int?
        do { end = try scanner.scan(bytes, from: start) } catch {
            throw RequestMachine.invalidJSON(JSONError(error.reason, at: consumed + error.offset))
        }
        let part = bytes.extracting(start..<(end ?? bytes.count))
        tokenBytes += part.count
        let isKept = try keeps(tokenBytes)
        guard let end else {
            if isKept { carry.append(part) }
            return bytes.count
        }
        if tokenBytes == part.count {
            complete(part, isKept: isKept)
        } else {
            if isKept { carry.append(part) }
            let whole = carry
            complete(whole.span, isKept: isKept)
            if carry.capacity > ReaderBounds.keptBufferBytes { carry = [] }
        }
        return end
    }

    /// Returns true if a token of this size is kept. A lot that is too large ends the request (C3).
    private func keeps(_ size: Int) throws(ServiceError) -> Bool {
        switch token {
        case .key: return size <= ReaderBounds.keyBytes
        case .kept: return size <= ReaderBounds.memberBytes
        case .skipped: return false
        case .lot, .lotsNoArray:
            if size > Limits.lotBytes { throw lotTooLarge() }
            return true
        }
    }

    private mutating func complete(_ text: Span<UInt8>, isKept: Bool) {
        switch token {
        case .key:
            name(text, isKept: isKept)
            step = .colon
        case .lot:
            lots.element(text)
            step = .afterElement
        case .lotsNoArray:
            lots.notAnArray(text)
            step = .after
        case .kept(let name):
            kept.set(name, text, isComplete: isKept)
            step = .after
        case .skipped: step = .after
        }
    }

    /// Looks up a key by its decoded text, because an escaped spelling means the same key.
    private mutating func name(_ text: Span<UInt8>, isKept: Bool) {
        member = nil
        memberIsLots = false
        guard isKept else { return }
        var key: [UInt8] = []
        guard JSONString.decode(text.extracting(1..<text.count - 1), into: &key).isEmpty else { return }
        memberIsLots = key.elementsEqual("lots".utf8)
        member = KeptMembers.Name(rawValue: String(decoding: key, as: UTF8.self))
    }
}

// MARK: - Errors that may be reported before the signature holds (C1.7)

extension RequestMachine {
    /// The text of the document's sample, word for word and without `details` (C4.1).
    static func invalidJSON(_ error: JSONError) -> ServiceError {
        ServiceError(.invalidJSON, "Request body must be valid JSON")
    }

    private func lotTooLarge() -> ServiceError {
        let path = if case .lot = token { "lots[\(lots.tally.lots)]" } else { "lots" }
        return ServiceError(
            .lotTooLarge, "\(path) exceeds the maximum size of a lot (1 MB)",
            details: ["path": .string(path), "max_bytes": .int(Limits.lotBytes)])
    }
}
