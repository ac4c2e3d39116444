// Handles each element of `lots`: canonical form, signatures, validation, hand-over (C1.2, C1.4, C2.2, C3). Pure;
// holds one lot at a time. Thread: any.

struct LotsIntake: ~Copyable {
    private let configuration: RequestReaderConfiguration
    private let keys: SignatureKeys
    private let sink: any LotSink
    private var writer = CanonicalWriter(order: .byKey, maxDepth: Limits.lotNesting)
    private var reader: LotReader

    private(set) var signed: SignedTexts
    private(set) var tally = LotsTally()
    private(set) var wasSeen = false
    /// The lots as sent, to explain a wrong signature; nil over ``SuspectSignature/lotsBytesMax``.
    private var text: [UInt8]? = []

    init(configuration: RequestReaderConfiguration, keys: SignatureKeys, sink: any LotSink) {
        self.configuration = configuration
        self.keys = keys
        self.sink = sink
        reader = LotReader(policy: configuration.addressPolicy)
        signed = SignedTexts(keys: keys)
    }

    /// Starts a `lots` member; an earlier one no longer counts.
    mutating func begin() {
        if wasSeen { sink.reset() }
        wasSeen = true
        signed = SignedTexts(keys: keys)
        tally = LotsTally()
        text = []
    }

    mutating func beginArray() {
        signed.append(JSONText.openArray)
        text?.append(JSONText.openArray)
    }

    mutating func endArray() {
        signed.append(JSONText.closeArray)
        text?.append(JSONText.closeArray)
        if tally.lots == 0 { tally.problems.invalid.add({ "lots" }, "must be a non-empty array of objects") }
    }

    /// Handles a `lots` that is not an array: it was signed all the same, and the error is
    /// reported only after the signature holds.
    mutating func notAnArray(_ text: Span<UInt8>) {
        writer.write(text)
        signed.append(writer.out.bytes.span)
        signed.notAnArray()
        self.text = nil
        tally.problems.invalid.add({ "lots" }, "must be a non-empty array of objects")
    }

    /// Takes the element at the start of `text` if it is complete and well-formed.
    /// - Returns: the index after it, or nil if the scanner must examine it.
    mutating func begun(_ text: Span<UInt8>) -> Int? {
        // Leaves a lot that is too large to the scanner, which reports it.
        let most = text.extracting(0..<min(text.count, Limits.lotBytes + 1))
        guard let end = writer.writeLot(most, isWhole: false), end <= Limits.lotBytes else { return nil }
        written(text.extracting(0..<end))
        return end
    }

    /// Takes an element that the scanner has accepted.
    mutating func element(_ text: Span<UInt8>) {
        let end = writer.writeLot(text, isWhole: true)
        assert(end == text.count, "the writer must accept every text that the scanner accepts")
        written(text)
    }

    private mutating func written(_ text: Span<UInt8>) {
        keep(text)
        if tally.lots > 0 { signed.append(JSONText.comma) }
        signed.append(writer.out.bytes.span)
        signed.count(isObject: text[0] == JSONText.openObject)
        if tally.lots < configuration.maxLots { judge(text) }
        tally.lots += 1
        if tally.lots > 1 { tally.first = nil }
        writer.shrink(to: ReaderBounds.keptBufferBytes)
        reader.shrink(to: ReaderBounds.keptBufferBytes)
    }

    private mutating func keep(_ text: Span<UInt8>) {
        guard let kept = self.text?.count else { return }
        guard kept + text.count < SuspectSignature.lotsBytesMax else { return self.text = nil }
        if tally.lots > 0 { self.text?.append(JSONText.comma) }
        self.text?.append(text)
    }

    /// Returns the wrong signature with the lots, for a second look; nil if the lots were too large to keep.
    func suspect(_ claim: Digest) -> SuspectSignature? {
        text.map { SuspectSignature(lots: $0, claim: claim, keys: keys) }
    }

    private mutating func judge(_ text: Span<UInt8>) {
        let isValid = reader.read(text, writer.notes, position: tally.lots, problems: &tally.problems)
        guard isValid else { return }
        tally.add(reader.row)
        if tally.problems.isEmpty { sink.accept(reader.row) }
    }
}

/// Summary of the lots read so far.
struct LotsTally {
    var lots = 0
    var images = 0
    var namesWebhook = false
    /// The first lot, as long as it is the only one.
    var first: LotRow?
    var problems = RequestProblems()
    var duplicates = DuplicateFinder()

    mutating func add(_ row: LotRow) {
        if row.position == 0 { first = row }
        images += row.imageCount
        if row.webhook != nil { namesWebhook = true }
        duplicates.add(row.bytes.span.extracting(row.lotID))
    }
}
