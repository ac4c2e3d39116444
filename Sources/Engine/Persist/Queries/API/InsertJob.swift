// Inserts a new job and its lots: they become visible together or not at all (C5.1).

/// The initial values of a job's row.
public struct NewJob: Sendable {
    public var id: Identifier
    public var version: String
    public var languages: [String]
    public var totalLots: Int
    public var totalImages: Int
    public var webhookConfigured: Bool
    /// The `X-Request-ID` of the request that creates the job.
    public var requestID: String
    /// Seconds from now.
    public var estimatedSeconds: Double

    public init(
        id: Identifier, version: String, languages: [String], totalLots: Int, totalImages: Int, webhookConfigured: Bool,
        requestID: String, estimatedSeconds: Double
    ) {
        self.id = id
        self.version = version
        self.languages = languages
        self.totalLots = totalLots
        self.totalImages = totalImages
        self.webhookConfigured = webhookConfigured
        self.requestID = requestID
        self.estimatedSeconds = estimatedSeconds
    }
}

public enum InsertJob {
    /// Uses the clock instead of the transaction's time, because the transaction
    /// may have begun with the request's body.
    private static let statement = Statement(
        "insert_job",
        """
        INSERT INTO batch_jobs
            (id, version, languages, total_lots, total_images, webhook_configured, created_at, updated_at,
            estimated_completion, request_id)
        SELECT $1, $2, $3, $4, $5, $6, born, born, born + $7 * interval '1 second', $8
        FROM clock_timestamp() AS born
        RETURNING created_at, estimated_completion
        """)
    private static let eventStatement = Statement(
        "insert_job_event",
        """
        INSERT INTO job_events (job_id, at, event, instance_id, detail)
        VALUES ($1, clock_timestamp(), 'created', $2, $3)
        """)
    private static let findStatement = Statement(
        "find_new_job", "SELECT created_at, estimated_completion FROM batch_jobs WHERE id = $1")

    /// COPY of `batch_lots` with its columns in the order of ``LotFrame``.
    public static let copy = """
        COPY batch_lots (job_id, position, lot_id, additional_info, webhook, images, image_count)
        FROM STDIN (FORMAT binary)
        """

    public typealias Born = (createdAt: Timestamp, estimatedCompletion: Timestamp)

    /// Inserts the row and its audit line and wakes the workers, in the caller's transaction.
    public static func run(
        _ db: any Querying, job: NewJob, instance: String
    ) async throws(DatabaseError) -> Born? {
        let values: [PGValue] = [
            .uuid(job.id), .text(job.version), .textArray(job.languages), .int4(job.totalLots), .int4(job.totalImages),
            .bool(job.webhookConfigured), .double(job.estimatedSeconds), .text(job.requestID),
        ]
        let born = try await db.query(statement, values).first
        _ = try await db.query(
            eventStatement, [.uuid(job.id), .text(instance), .text("\(job.totalLots) lots")])
        try await WakeWorkers.run(db, job: job.id)
        return born.map { ($0.timestamp(0), $0.timestamp(1)) }
    }

    /// Returns the job if it exists, for a COMMIT whose reply was lost.
    public static func find(_ db: any Querying, job: Identifier) async throws(DatabaseError) -> Born? {
        try await db.query(findStatement, [.uuid(job)]).first.map { ($0.timestamp(0), $0.timestamp(1)) }
    }
}

/// Formats one lot as a row of COPY BINARY.
public enum LotFrame {
    public static func append(job: Identifier, _ row: LotRow, to out: inout [UInt8]) {
        CopyBinary.beginRow(fields: 7, to: &out)
        CopyBinary.append(uuid: job, to: &out)
        CopyBinary.append(int4: Int32(row.position), to: &out)
        CopyBinary.append(bytes: row.bytes[row.lotID], to: &out)
        CopyBinary.append(optionalBytes: row.additionalInfo.map { row.bytes[$0] }, to: &out)
        CopyBinary.append(optionalBytes: row.webhook.map { row.bytes[$0] }, to: &out)
        CopyBinary.append(bytes: row.bytes[row.images], to: &out)
        CopyBinary.append(int4: Int32(row.imageCount), to: &out)
    }
}
