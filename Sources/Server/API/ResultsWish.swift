// The form, coding and range of results that a client wants. Pure.
import Engine

/// The document of the API, or one lot per line.
enum ResultsForm {
    case document
    case lines

    var type: String { self == .document ? "application/json" : "application/x-ndjson" }
    /// Suffix of the file's name.
    var suffix: String { self == .document ? "json" : "ndjson" }
}

/// A range of a job's lots by position: all lots, or a page.
struct ResultsPart: Equatable {
    /// The position before the first lot.
    var after: Int
    /// The position of the last lot.
    var through: Int
    /// The requested `limit`; nil unless this is a page.
    var limit: Int?
    /// The cursor of the next page; nil if this part reaches the last lot.
    var nextCursor: String?
}

/// The client's wish, from the head of its request.
struct ResultsWish {
    /// Range of `limit`, the number of lots per page.
    static let limits = 1...1000
    static let limitByDefault = 200

    let form: ResultsForm
    let isGzipWanted: Bool
    private let cursor: String?
    private let limit: Int?

    /// - Throws: 400 INVALID_PARAMETER.
    init(_ head: RequestHead) throws(ServiceError) {
        form = head.prefers("x-ndjson", to: "json") ? .lines : .document
        isGzipWanted = head.wantsGzip
        let query = try QueryParameters(head.query)
        cursor = try query.text("cursor")
        let hasLimit = try query.text("limit") != nil
        let limit = try query.integer("limit", ResultsWish.limitByDefault, ResultsWish.limits)
        self.limit = hasLimit || cursor != nil ? limit : nil
    }

    /// - Throws: 400 INVALID_PARAMETER for a cursor that does not belong to this job.
    func part(of job: JobView) throws(ServiceError) -> ResultsPart {
        let last = job.totalLots - 1
        guard let limit else { return ResultsPart(after: -1, through: last) }
        var after = -1
        if let cursor {
            guard let position = ResultsCursor.position(cursor, of: job.id), position < last else {
                throw QueryParameters.problem("cursor", "is not a cursor of this job's results")
            }
            after = position
        }
        // Each lot of a completed job has its row, so the end of a page is known before it is read.
        let through = min(after + limit, last)
        return ResultsPart(
            after: after, through: through, limit: limit,
            nextCursor: through < last ? ResultsCursor.text(through, of: job.id) : nil)
    }

    /// The headers of the reply. A page has a `Link` to the next one (RFC 8288), because NDJSON has no other place for
    /// it.
    func headers(_ part: ResultsPart, _ head: RequestHead, _ isGzipped: Bool) -> [(String, String)] {
        var headers = [("Vary", "Accept, Accept-Encoding")]
        if isGzipped { headers.append(("Content-Encoding", "gzip")) }
        if let limit = part.limit, let cursor = part.nextCursor {
            headers.append(("Link", "<\(head.path)?cursor=\(cursor)&limit=\(limit)>; rel=\"next\""))
        }
        return headers
    }
}

/// A position in a job's results: the position of the lot before it, and a part of the job's id to detect a cursor of
/// another job. An ended job does not change, so its cursors stay valid as long as the job exists.
enum ResultsCursor {
    static func text(_ position: Int, of job: Identifier) -> String {
        var out: [UInt8] = []
        out.append(hexadecimal: UInt64(position), digits: 8)
        out.append(hexadecimal: job.low, digits: 8)
        return String(decoding: out, as: UTF8.self)
    }

    /// Nil if the cursor does not belong to this job.
    static func position(_ cursor: String, of job: Identifier) -> Int? {
        guard cursor.utf8.count == 16, let position = Int(cursor.prefix(8), radix: 16), position >= 0 else {
            return nil
        }
        return text(position, of: job) == cursor ? position : nil
    }
}
