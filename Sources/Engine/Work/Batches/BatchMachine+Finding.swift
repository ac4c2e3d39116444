// Decisions about objects that are found at the provider, or lost there. Pure.

/// A file or a batch at the provider that no runner will look for.
public enum Orphan: Equatable, Sendable {
    case file(String)
    case batch(String)
}

extension BatchMachine {
    /// Something was made at the provider that the row does not name yet.
    static func mayLeaveOrphan(_ outcome: BatchOutcome) -> Bool {
        switch outcome {
        case .uploaded, .created: true
        case .answered, .askFailed, .askedAll, .built, .uploadFailed, .foundUpload, .admitted, .othersTurn, .noFile,
            .creationFailed, .listed, .status, .queueFull, .recalled, .noBatch, .gone, .collected, .booked, .looked,
            .failed, .givenUp:
            false
        }
    }

    /// Returns the orphan that a lost lease leaves: the outcome of an act could not be written. A new holder finds the
    /// file or the batch by itself. After the job's end, or if the row has another batch, no holder looks for it.
    /// - Parameters:
    ///   - jobHasEnded: nil if this is unknown.
    ///   - rows: the job's rows as they are now; nil if they cannot be read.
    public static func orphan(
        of outcome: BatchOutcome, _ batch: ProviderBatch, jobHasEnded: Bool?, rows: [ProviderBatch]?
    ) -> Orphan? {
        switch outcome {
        case .uploaded(let file): return jobHasEnded == true ? .file(file) : nil
        case .created(let object):
            if jobHasEnded == true { return .batch(object.id) }
            guard let rows else { return nil }
            let known = rows.first { $0.id == batch.id }?.batchID
            return known == object.id || known == batch.batchID ? nil : .batch(object.id)
        case .answered, .askFailed, .askedAll, .built, .uploadFailed, .foundUpload, .admitted, .othersTurn, .noFile,
            .creationFailed, .listed, .status, .queueFull, .recalled, .noBatch, .gone, .collected, .booked, .looked,
            .failed, .givenUp:
            return nil
        }
    }

    /// Chooses among the files with the batch's name: the whole one is used, the others are deleted.
    public static func choose(
        among files: [FileObject], for batch: ProviderBatch, jobHasEnded: Bool
    ) -> (used: String?, deleted: [String]) {
        let whole = jobHasEnded ? nil : files.first { $0.bytes == batch.fileBytes }?.id
        return (whole, files.map(\.id).filter { $0 != whole })
    }

    /// Metadata keys by which a batch is found again. Instances of the previous version read the same keys.
    static let batchKey = "generation_shard"
    static let jobKey = "generation_job"

    /// Whether the provider's batch is the one that the row asked for, by its metadata and its file alone. A failed
    /// batch did nothing. A gateway may leave out one of the two; each file belongs to one row.
    public static func isBatch(_ object: BatchObject, of batch: ProviderBatch) -> Bool {
        guard object.status != .failed else { return false }
        let hasFile = object.inputFileID == batch.inputFileID
        guard let shard = object.metadata(batchKey) else { return hasFile && !object.inputFileID.isEmpty }
        return shard == batch.id.description
            && (hasFile || object.inputFileID.isEmpty || batch.inputFileID == nil)
    }

    /// The last poll at the job's deadline found answers that are worth collecting.
    static func hasAnswers(_ outcome: BatchOutcome) -> Bool {
        guard case .status(let object) = outcome else { return false }
        return object.status.isEnded && object.failure == nil
    }

    /// An answer file that the provider has denied for long cannot be booked any more.
    static func isUnbookable(_ error: OpenAIError, _ batch: ProviderBatch, _ now: Timestamp) -> Bool {
        error.isDenial && isDenied(batch, now)
    }
}

extension OpenAIError {
    /// Something answered 404.
    var isMissing: Bool {
        if case .api(404, _, _) = kind { true } else { false }
    }

    /// The provider itself says that the batch or the file does not exist.
    var isDenial: Bool { isMissing && isFromProvider }

    /// Something answered 4xx.
    var isRefusal: Bool {
        if case .api(400..<500, _, _) = kind { true } else { false }
    }
}
