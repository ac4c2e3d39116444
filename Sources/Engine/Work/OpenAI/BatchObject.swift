// A batch and a file as the API shows them. Values, read leniently: almost every member may be null or absent.

/// A batch (`/v1/batches`). Its counts are not kept: they do not add up, and accounting goes by lines.
public struct BatchObject: Sendable, Equatable {
    public enum Status: Hashable, Sendable {
        case validating, inProgress, finalizing, completed, failed, expired, cancelling, cancelled
        /// One that we do not know; taken for still running.
        case other(String)

        /// Nothing changes any more. ``completed``, ``expired`` and ``cancelled`` may all hold paid answers.
        public var isEnded: Bool {
            switch self {
            case .completed, .failed, .expired, .cancelled: true
            case .validating, .inProgress, .finalizing, .cancelling, .other: false
            }
        }
    }

    /// Why the input was refused; most of these are our own mistakes.
    public struct InputError: Sendable, Equatable {
        public var code: String
        public var message: String
        public var line: Int?
    }

    public var id: String
    public var status: Status
    public var inputFileID: String
    /// nil also where the API says `""`.
    public var outputFileID: String?
    /// nil also where the API says `""`.
    public var errorFileID: String?
    /// Seconds since 1970.
    public var createdAt: Int
    public var metadata: [(String, String)]
    public var errors: [InputError]

    public func metadata(_ key: String) -> String? { metadata.first { $0.0 == key }?.1 }

    public static func == (a: BatchObject, b: BatchObject) -> Bool {
        a.id == b.id && a.status == b.status && a.inputFileID == b.inputFileID && a.outputFileID == b.outputFileID
            && a.errorFileID == b.errorFileID && a.createdAt == b.createdAt && a.errors == b.errors
            && a.metadata.count == b.metadata.count && zip(a.metadata, b.metadata).allSatisfy { $0 == $1 }
    }
}

extension BatchObject {
    /// nil if it is not a batch at all.
    package init?(_ value: JSONValue) {
        guard let id = value["id"]?.string, !id.isEmpty, let status = value["status"]?.string else { return nil }
        self.id = id
        self.status = Status(status)
        inputFileID = value["input_file_id"]?.string ?? ""
        outputFileID = Self.identifier(value["output_file_id"])
        errorFileID = Self.identifier(value["error_file_id"])
        createdAt = value["created_at"]?.int ?? 0
        metadata = []
        if case .object(let members)? = value["metadata"] {
            metadata = members.compactMap { member in member.1.string.map { (member.0, $0) } }
        }
        errors = (value["errors"]?["data"]?.array ?? []).prefix(Limits.detailEntries).map(InputError.init)
    }

    private static func identifier(_ value: JSONValue?) -> String? {
        value?.string.flatMap { $0.isEmpty ? nil : $0 }
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
    /// What a ``Status/failed`` batch calls for.
    public enum Failure: Hashable, Sendable {
        /// The queue of enqueued tokens is full: a new batch with the same file, later.
        case queueFull
        /// OpenAI's own trouble: a new batch with the same file.
        case passing
        /// The model is gone: a new file, with the next model.
        case modelNotFound
        case quota
        /// Our mistake; it would fail again. In words for the log and for `error_message`.
        case refused(String)
    }

    /// nil unless the batch has failed.
    public var failure: Failure? {
        guard status == .failed else { return nil }
        let codes = Set(errors.map(\.code))
        if codes.contains("model_not_found") { return .modelNotFound }
        if codes.contains("insufficient_quota") || codes.contains("billing_hard_limit_reached") { return .quota }
        // One full queue among our own mistakes does not make the mistakes go away.
        guard let mistake = errors.first(where: { !Self.passingCodes.contains($0.code) }) else {
            return codes.contains("token_limit_exceeded") ? .queueFull : .passing
        }
        let place = mistake.line.map { " in line \($0)" } ?? ""
        return .refused("OpenAI refused the batch\(place) (\(mistake.code)): \(mistake.message)")
    }

    private static let passingCodes: Set<String> = [
        "token_limit_exceeded", "rate_limit_exceeded", "slow_down", "server_error", "internal_error",
        "server_is_overloaded",
    ]
}

/// A page of batches; their order is not promised.
public struct BatchPage: Sendable, Equatable {
    public var batches: [BatchObject]
    /// What to pass as `after` for the next page; nil: this was the last one.
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
        guard let id = value["id"]?.string, !id.isEmpty else { return nil }
        self.id = id
        name = value["filename"]?.string ?? ""
        bytes = value["bytes"]?.int ?? 0
        createdAt = value["created_at"]?.int ?? 0
        purpose = value["purpose"]?.string ?? ""
    }
}

/// A page of files; their order is not promised.
public struct FilePage: Sendable, Equatable {
    public var files: [FileObject]
    /// What to pass as `after` for the next page; nil: this was the last one.
    public var next: String?
}
