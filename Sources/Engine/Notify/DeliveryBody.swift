// A webhook's body, built in pages: once to sign and measure it, once to send it.
// Loop-bound; no page outlives its turn.

/// The bytes of one delivery's body, read from the rows.
final class DeliveryBody: ByteSource {
    private enum Part {
        case head
        case lots(from: Int)
        case end
    }

    private let database: Database
    private let delivery: DeliveryRecord
    private let job: EndedJob
    private var part = Part.head
    /// The reason why the rows could not be read; not the receiver's fault.
    private(set) var failure: DatabaseError?

    init(_ delivery: DeliveryRecord, job: EndedJob, database: Database) {
        self.delivery = delivery
        self.job = job
        self.database = database
    }

    func next() async throws -> [UInt8]? {
        switch part {
        case .head:
            part = .lots(from: 0)
            return head
        case .lots(let start):
            let page = try await read(from: start)
            let next = start + page.count
            let isLast = page.count == 0 || next >= page.total
            part = isLast ? .end : .lots(from: next)
            return lots(page, isFirst: start == 0, isLast: isLast)
        case .end: return nil
        }
    }

    private func read(from start: Int) async throws(DatabaseError) -> DeliveryLots {
        do {
            return try await DeliveryContent.lots(database, delivery: delivery.id, offset: start)
        } catch {
            // The exchange ended before the body and needs no more of it; that is no failure of the database.
            if error.kind != .cancelled { failure = error }
            throw error
        }
    }

    /// Everything up to the lots, with the members of the document's sample.
    private var head: [UInt8] {
        let summary: JSONValue = [
            "total_lots": .int(job.totalLots), "processed_lots": .int(job.processedLots),
            "failed_lots": .int(job.failedLots),
            "total_processing_time": .string(DurationText.of(seconds: job.endedAt - job.createdAt)),
        ]
        var members: [(String, JSONValue)] = [
            ("event", .string(delivery.event)),
            ("job_id", .string(delivery.job.description)),
            ("status", .string(job.status.rawValue)),
            ("completed_at", .string(job.endedAt.description)),
            ("processing_summary", summary),
        ]
        if let message = job.errorMessage { members.append(("error_message", .string(message))) }
        var out = JSONValue.object(members).bytes
        out.removeLast()
        out.append(contentsOf: #","lots":["#.utf8)
        return out
    }

    private func lots(_ page: DeliveryLots, isFirst: Bool, isLast: Bool) -> [UInt8] {
        var out: [UInt8] = []
        var isFirst = isFirst
        page.forEach { lot in
            if !isFirst { out.append(UInt8(ascii: ",")) }
            isFirst = false
            switch lot {
            case .finished(let json): out.append(contentsOf: json)
            case .unfinished(let id): unfinished(id).write(to: &out)
            }
        }
        if isLast { out.append(contentsOf: "]}".utf8) }
        return out
    }

    /// A lot without a result when its job ended.
    private func unfinished(_ lotID: String) -> JSONValue {
        [
            "lot_id": .string(lotID), "status": .string(job.status.rawValue), "processed_images": 0, "descriptions": [],
            "missing_images": [],
        ]
    }
}
