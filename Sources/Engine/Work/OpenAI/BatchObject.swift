// A batch and a file as the API returns them. Values; parsed leniently, because
// almost every member may be null or absent.

/// A batch (`/v1/batches`).
public struct BatchObject: Sendable, Equatable {
    public enum Status: Hashable, Sendable {
        case validating, inProgress, finalizing, completed, failed, expired, cancelling, cancelled
        /// An unknown status; treated as still running.
        case other(String)

        /// True if the batch does not change any more. ``completed``, ``expired`` and
        /// ``cancelled`` batches may all have paid answers.
        public var isEnded: Bool {
            switch self {
            case .completed, .failed, .expired, .cancelled: true
            case .validating, .inProgress, .finalizing, .cancelling, .other: false
            }
        }
    }

    /// The reason why the input was refused, usually a mistake of this service.
    public struct InputError: Sendable, Equatable {
        public var code: String
        public var message: String
        public var line: Int?
    }

    public var id: String
    public var status: Status
    public var inputFileID: String
    /// nil also if the API returns `""`.
    public var outputFileID: String?
    /// nil also if the API returns `""`.
    public var errorFileID: String?
    /// Seconds since 1970.
    public var createdAt: Int
    public var metadata: [(String, String)]
    public var errors: [InputError]
    /// Lines that have ended; nil if the provider states none. Lines that never ran are in no count, so the counts do
    /// not add up: they tell whether a file is whole, and nothing else.
    public var counts: LineCounts?

    /// False for an id that a row cannot keep. The batch exists, but cannot be followed.
    public var hasUsableID: Bool { !id.isEmpty }

    public func metadata(_ key: String) -> String? { metadata.first { $0.0 == key }?.1 }

    public static func == (a: BatchObject, b: BatchObject) -> Bool {
        a.id == b.id && a.status == b.status && a.inputFileID == b.inputFileID && a.outputFileID == b.outputFileID
            && a.errorFileID == b.errorFileID && a.createdAt == b.createdAt && a.errors == b.errors
            && a.counts == b.counts
            && a.metadata.count == b.metadata.count && zip(a.metadata, b.metadata).allSatisfy { $0 == $1 }
    }
}

extension BatchObject {
    /// Returns nil if the value is not a batch.
    package init?(_ value: JSONValue) {
        guard let id = value["id"]?.string, !id.isEmpty, let status = value["status"]?.string else { return nil }
        self.id = ProviderID.usable(id) ?? ""
        self.status = Status(status)
        inputFileID = value["input_file_id"]?.string ?? ""
        outputFileID = value["output_file_id"]?.string.flatMap(ProviderID.usable)
        errorFileID = value["error_file_id"]?.string.flatMap(ProviderID.usable)
        createdAt = value["created_at"]?.int ?? 0
        metadata = []
        if case .object(let members)? = value["metadata"] {
            metadata = members.compactMap { member in member.1.string.map { (member.0, $0) } }
        }
        errors = (value["errors"]?["data"]?.array ?? []).prefix(Limits.detailEntries).map(InputError.init)
        counts = LineCounts(value["request_counts"])
    }
}

extension LineCounts {
    /// Counts that are all 0 mean that the provider does not count, or that nothing ran: both tell nothing.
    init?(_ value: JSONValue?) {
        guard let completed = value?["completed"]?.int, completed >= 0 else { return nil }
        let failed = max(0, value?["failed"]?.int ?? 0)
        if completed == 0, failed == 0 { return nil }
        self.init(completed: completed, failed: failed)
    }
}

/// Identifiers that a provider gives. They go into rows, paths and logs.
enum ProviderID {
    /// Longest identifier that is kept; gateways that encode their routing into it need some hundred bytes.
    static let bytesMax = 2048

    /// nil for an empty or overlong text, and for one with other characters than visible ASCII.
    static func usable(_ text: String) -> String? {
        guard !text.isEmpty, text.utf8.count <= bytesMax, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return nil
        }
        return text
    }
}

extension BatchObject.Status {
    init(_ text: String) {
        switch text {
        case "validating": self = .validating
        case "in_progress": self = .inProgress
        case "finalizing": self = .finalizing
        case "completed": self = .completed
        case "failed": self = .failed
        case "expired": self = .expired
        case "cancelling": self = .cancelling
        case "cancelled": self = .cancelled
        default: self = .other(SafeText.clean(text, limit: 32))
        }
    }
}

extension BatchObject.InputError {
    init(_ value: JSONValue) {
        code = SafeText.clean(value["code"]?.string ?? "unknown", limit: 64)
        message = SafeText.clean(value["message"]?.string ?? "")
        line = value["line"]?.int
    }
}

extension BatchObject {
    /// The consequence of a ``Status/failed`` batch.
    public enum Failure: Hashable, Sendable {
        /// The queue of enqueued tokens is full: create a new batch with the same file later.
        case queueFull
        /// A temporary fault of OpenAI: create a new batch with the same file.
        case passing
        /// The model no longer exists: create a new file with the next model.
        case modelNotFound
        case quota
        /// A mistake of this service, which would fail again. Text for the log and for `error_message`.
        case refused(String)
    }

    /// nil unless the batch has failed.
    public var failure: Failure? {
        guard status == .failed else { return nil }
        let faults = errors.map(\.fault)
        if faults.contains(.model) { return .modelNotFound }
        if faults.contains(.account) { return .quota }
        // A full queue among other mistakes does not cure the mistakes.
        guard let mistake = zip(errors, faults).first(where: { !$0.1.isPassing })?.0 else {
            return errors.contains { $0.code == "token_limit_exceeded" } ? .queueFull : .passing
        }
        let place = mistake.line.map { " in line \($0)" } ?? ""
        return .refused("OpenAI refused the batch\(place) (\(mistake.code)): \(mistake.message)")
    }
}

extension BatchObject.InputError {
    /// A mistake in the file counts as the fault of its lots.
    var fault: ProviderFault {
        let failure = APIFailure(error: ["code": .string(code), "message": .string(message)])
        return ErrorClassifier.classify(status: 400, failure: failure, .getBatch).fault
    }
}

/// A page of batches, in no particular order.
public struct BatchPage: Sendable, Equatable {
    public var batches: [BatchObject]
    /// Value of `after` for the next page; nil after the last page.
    public var next: String?
}

/// A file (`/v1/files`).
public struct FileObject: Sendable, Equatable {
    public var id: String
    public var name: String
    public var bytes: Int
    /// Seconds since 1970.
    public var createdAt: Int
    public var purpose: String

    init?(_ value: JSONValue) {
        guard let id = value["id"]?.string.flatMap(ProviderID.usable) else { return nil }
        self.id = id
        name = value["filename"]?.string ?? ""
        bytes = value["bytes"]?.int ?? 0
        createdAt = value["created_at"]?.int ?? 0
        purpose = value["purpose"]?.string ?? ""
    }
}

/// A page of files, in no particular order.
public struct FilePage: Sendable, Equatable {
    public var files: [FileObject]
    /// Value of `after` for the next page; nil after the last page.
    public var next: String?
}
