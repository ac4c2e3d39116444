// How a client wants a job's results: form, coding, which lots. Pure.
import Engine

/// The document that the API describes, or one lot a line.
enum ResultsForm {
    case document
    case lines

    var type: String { self == .document ? "application/json" : "application/x-ndjson" }
    /// Of a file's name.
    var suffix: String { self == .document ? "json" : "ndjson" }
}

/// Lots of a job by their positions: all, or a page of them.
struct ResultsPart: Equatable {
    /// The position before the first one.
    var after: Int
    /// The position of the last one.
    var through: Int
    /// Asked for, if this is a page.
    var limit: Int?
    /// Where the next page begins; nil if this one reaches the end.
    var nextCursor: String?
}

/// What the head of a request says about it.
struct ResultsWish {
    /// Lots of a page, and how many without `limit`.
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

    /// - Throws: 400 INVALID_PARAMETER for a cursor that is none of this job.
    func part(of job: JobView) throws(ServiceError) -> ResultsPart {
        let last = job.totalLots - 1
        guard let limit else { return ResultsPart(after: -1, through: last) }
        var after = -1
        if let cursor {
            guard let position = ResultsCursor.position(cursor, of: job.id), position < last else {
                throw QueryParameters.problem("cursor", "is not one that this job's results gave out")
            }
            after = position
        }
        // Every lot of a completed job has its row, so that the end of a page is known before it is read.
        let through = min(after + limit, last)
        return ResultsPart(
            after: after, through: through, limit: limit,
            nextCursor: through < last ? ResultsCursor.text(through, of: job.id) : nil)
    }

    /// Of a page also where the next one is (RFC 8288): one lot a line has no other place for it.
    func headers(_ part: ResultsPart, _ head: RequestHead, _ isGzipped: Bool) -> [(String, String)] {
        var headers = [("Vary", "Accept, Accept-Encoding")]
        if isGzipped { headers.append(("Content-Encoding", "gzip")) }
        if let limit = part.limit, let cursor = part.nextCursor {
            headers.append(("Link", "<\(head.path)?cursor=\(cursor)&limit=\(limit)>; rel=\"next\""))
        }
        return headers
    }
}

/// A place in a job's results, as clients hand it back: the position of the lot before it, and some of the job's id, so
/// that one of another job is told apart. Ended jobs do not change, so it holds as long as they do.
enum ResultsCursor {
    static func text(_ position: Int, of job: Identifier) -> String {
        var out: [UInt8] = []
        out.append(hexadecimal: UInt64(position), digits: 8)
        out.append(hexadecimal: job.low, digits: 8)
        return String(decoding: out, as: UTF8.self)
    }

    /// nil if it is none of this job.
    static func position(_ cursor: String, of job: Identifier) -> Int? {
        guard cursor.utf8.count == 16, let position = Int(cursor.prefix(8), radix: 16), position >= 0 else {
            return nil
        }
        return text(position, of: job) == cursor ? position : nil
    }
}
