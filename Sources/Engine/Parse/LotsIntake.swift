// What happens to each element of `lots`: canonical form, signatures, validation, hand-over (C1.2, C1.4, C2.2, C3).
// Pure, holds one lot at a time. Thread: any.

struct LotsIntake {
    private let configuration: RequestReaderConfiguration
    private let keys: SignatureKeys
    private let sink: any LotSink
    private var writer = CanonicalWriter()
    private var reader: LotReader

    private(set) var signed: SignedTexts
    private(set) var tally = LotsTally()
    private(set) var wasSeen = false

    init(configuration: RequestReaderConfiguration, keys: SignatureKeys, sink: any LotSink) {
        self.configuration = configuration
        self.keys = keys
        self.sink = sink
        reader = LotReader(urlProblem: configuration.urlProblem)
        signed = SignedTexts(keys: keys)
    }

    /// A `lots` member begins; an earlier one does not count any more.
    mutating func begin() {
        if wasSeen { sink.reset() }
        wasSeen = true
        signed = SignedTexts(keys: keys)
        tally = LotsTally()
    }

    mutating func beginArray() { signed.append(JSONText.openArray) }

    mutating func endArray() {
        signed.append(JSONText.closeArray)
        if tally.lots == 0 { tally.problems.invalid.add({ "lots" }, "must be a non-empty array of objects") }
    }

    /// `lots` is no array: still what was signed, and told only after that.
    mutating func notAnArray(_ text: Span<UInt8>) {
        writer.write(text)
        let canonical = writer.output
        signed.append(canonical.span)
        signed.notAnArray()
        tally.problems.invalid.add({ "lots" }, "must be a non-empty array of objects")
    }

    mutating func element(_ text: Span<UInt8>) {
        writer.write(text)
        if tally.lots > 0 { signed.append(JSONText.comma) }
        let canonical = writer.output
        signed.append(canonical.span)
        signed.count(isObject: text[0] == JSONText.openObject)
        if tally.lots < configuration.maxLots { judge() }
        tally.lots += 1
        if tally.lots > 1 { tally.first = nil }
        writer.shrink(to: ReaderBounds.keptBufferBytes)
    }

    private mutating func judge() {
        let text = writer.output
        guard let row = reader.read(text.span, position: tally.lots, problems: &tally.problems) else { return }
        tally.add(row)
        if tally.problems.isEmpty { sink.accept(row) }
    }
}

/// What is known of the lots read so far.
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
        duplicates.add(row.lotID)
    }
}
