// Shared code for tests of request reading: a collecting sink, and helpers to make and sign bodies.
import Testing

@testable import Engine

/// The texts of a row that a reader has passed on.
struct CollectedRow {
    let position: Int
    let lotID: [UInt8]
    let additionalInfo: [UInt8]?
    let webhook: [UInt8]?
    let images: [UInt8]

    init(_ row: LotRow) {
        position = row.position
        lotID = Array(row.bytes[row.lotID])
        additionalInfo = row.additionalInfo.map { Array(row.bytes[$0]) }
        webhook = row.webhook.map { Array(row.bytes[$0]) }
        images = Array(row.bytes[row.images])
    }
}

final class CollectingSink: LotSink {
    var rows: [CollectedRow] = []
    var resets = 0

    func accept(_ row: LotRow) { rows.append(CollectedRow(row)) }
    func reset() {
        rows = []
        resets += 1
    }
}

/// A request under test.
struct Trial {
    static let shared = "a-shared-key-of-32-characters-00"
    static let previous = "the-previous-key-of-32-chars-000"
    static let keys = SignatureKeys(shared: shared, previous: previous)

    var maxLots = 50
    var acceptNodeExample = false
    var respondAsync = false

    struct Outcome {
        var request: GenerationRequest?
        var error: ServiceError?
        /// True if the error arrived while the body was still being read.
        var early = false
        var rows: [CollectedRow] = []
        var resets = 0
    }

    private func reader(_ sink: any LotSink) -> RequestReader {
        let configuration = RequestReaderConfiguration(maxLots: maxLots, acceptNodeExample: acceptNodeExample)
        return RequestReader(configuration: configuration, keys: Trial.keys, sink: sink)
    }

    /// The explanation of the wrong signature of `body`.
    func explanation(_ body: String, header: String? = nil) -> ServiceError? {
        let reader = reader(CollectingSink())
        do {
            try reader.feed(Array(body.utf8))
            _ = try reader.finish(signature: header)
            return nil
        } catch { return reader.suspect?.explanation() }
    }

    /// Reads `body` in slices that end at `cuts`.
    func read(_ body: [UInt8], header: String? = nil, cuts: [Int] = []) -> Outcome {
        let sink = CollectingSink()
        let reader = reader(sink)
        var outcome = Outcome()
        do {
            var start = 0
            outcome.early = true
            for end in cuts + [body.count] {
                try reader.feed(body.span.extracting(start..<end))
                start = end
            }
            outcome.early = false
            outcome.request = try reader.finish(signature: header, respondAsync: respondAsync)
        } catch { outcome.error = error }
        outcome.rows = sink.rows
        outcome.resets = sink.resets
        return outcome
    }

    /// The outcome of a body whose header signs the raw bytes (C1.3).
    func signed(_ body: String, cuts: [Int] = []) -> Outcome {
        read(Array(body.utf8), header: Trial.keys.sign(body), cuts: cuts)
    }

    func unsigned(_ body: String, header: String? = nil) -> Outcome { read(Array(body.utf8), header: header) }

    /// The outcome of `{"lots": lots}` with the given members beside it.
    func lots(_ lots: String, _ others: String = "") -> Outcome { signed(#"{"lots":\#(lots)\#(others)}"#) }

    static func lot(_ id: String, _ others: String = "") -> String {
        #"{"lot_id":"\#(id)","images":[{"url":"https://example.com/1.jpg"}]\#(others)}"#
    }

    static func batch(_ count: Int) -> String {
        "[" + (0..<count).map { lot("lot-\($0)") }.joined(separator: ",") + "]"
    }
}

extension ServiceError {
    var fields: [String]? { details?["fields"]?.array?.compactMap(\.string) }
}
