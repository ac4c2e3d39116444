// The results of a job as text, in pieces: one document, or one lot per line. Pure.
import Engine

/// Makes the text of each page in turn.
struct ResultsText {
    private let form: ResultsForm
    private let head: [UInt8]
    /// The text after the last lot.
    let ending: [UInt8]
    private var isFirstPiece = true
    private var isFirstLot = true
    private var stamp = ProcessedAt()

    init(_ job: JobView, _ form: ResultsForm, _ part: ResultsPart) {
        self.form = form
        switch form {
        case .lines:
            head = []
            ending = []
        case .document:
            let document: JSONValue = .object([
                ("job_id", .string(job.id.description)),
                ("status", .string(job.status.rawValue)),
                ("completed_at", JSONValue(job.completedAt?.description)),
                ("processing_summary", job.summary),
                ("results", ["version": .string(job.version), "lots": []]),
            ])
            head = Array(document.bytes.dropLast("]}}".utf8.count))
            ending = Array("]}".utf8) + ResultsText.pagination(part) + Array("}".utf8)
        }
    }

    /// The additional member of a reply with one page.
    private static func pagination(_ part: ResultsPart) -> [UInt8] {
        guard let limit = part.limit else { return [] }
        let member: JSONValue = ["limit": .int(limit), "next_cursor": JSONValue(part.nextCursor)]
        return Array(",\"pagination\":".utf8) + member.bytes
    }

    /// The text of a page of lots. Inserts `processed_at` before the closing brace of each lot's stored text.
    /// - Parameter isLast: adds the text after the last lot.
    mutating func append(_ page: FinishedPage, isLast: Bool) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(head.count + page.bytes + page.count * ProcessedAt.bytes + ending.count)
        if isFirstPiece { out.append(contentsOf: head) }
        isFirstPiece = false
        page.forEach { payload, finished in
            if form == .document, !isFirstLot { out.append(UInt8(ascii: ",")) }
            isFirstLot = false
            out.append(contentsOf: UnsafeRawBufferPointer(rebasing: payload.dropLast()))
            out.append(contentsOf: stamp.member(finished))
            if form == .lines { out.append(UInt8(ascii: "\n")) }
        }
        if isLast { out.append(contentsOf: ending) }
        return out
    }
}

/// `,"processed_at":"..."}`. Many lots finish in the same second, so the last text is kept.
private struct ProcessedAt {
    /// Length of the member and a separator, in bytes.
    static let bytes = 42

    private var second: Int64?
    private var text: [UInt8] = []

    mutating func member(_ time: Timestamp) -> [UInt8] {
        let now = time.floorToSecond.microseconds
        if second == now { return text }
        second = now
        text = Array(",\"processed_at\":\"".utf8)
        text.append(time)
        text.append(contentsOf: "\"}".utf8)
        return text
    }
}
