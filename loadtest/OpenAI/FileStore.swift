// The account's files: uploads and output of batches. Thread: its loop; loop-bound.
import Engine

/// One file of the simulated account.
final class StoredFile {
    let id: String
    let purpose: String
    let filename: String
    let createdAt: Double
    let expiresAt: Double?
    let content: SpoolFile

    init(id: String, purpose: String, filename: String, createdAt: Double, expiresAt: Double?, content: SpoolFile) {
        self.id = id
        self.purpose = purpose
        self.filename = filename
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.content = content
    }

    var json: JSONValue {
        [
            "object": "file", "id": .string(id), "purpose": .string(purpose), "filename": .string(filename),
            "bytes": .int(content.count), "created_at": .int(Int(createdAt)),
            "expires_at": expiresAt.map { .int(Int($0)) } ?? .null, "status": "processed", "status_details": .null,
        ]
    }
}

final class FileStore {
    /// 200 MB in the larger reading (MiB); our own server must stay below both readings.
    static let batchBytesMax = 200 * 1024 * 1024
    static let purposes = ["assistants", "batch", "fine-tune", "vision", "user_data", "evals"]
    /// Uploads of purpose `batch` expire after 30 days.
    static let batchLifeSeconds = 30.0 * 86_400

    private var files: [StoredFile] = []  // oldest first
    private var random: SeededRandom

    init(seed: Int) { random = SeededRandom(seed: UInt64(bitPattern: Int64(seed)) ^ 0xF11E) }

    func add(purpose: String, filename: String, content: SpoolFile, now: Double, lifeSeconds: Double?) -> StoredFile {
        let file = StoredFile(
            id: "file-" + random.identifier(length: 22), purpose: purpose, filename: filename, createdAt: now,
            expiresAt: lifeSeconds.map { now + $0 }, content: content)
        files.append(file)
        return file
    }

    func file(_ id: String, now: Double) throws(APIError) -> StoredFile {
        guard let file = files.first(where: { $0.id == id }), file.expiresAt.map({ now < $0 }) ?? true else {
            throw .noSuchFile(id)
        }
        return file
    }

    /// The reply to DELETE.
    func remove(_ id: String, now: Double) throws(APIError) -> JSONValue {
        let file = try file(id, now: now)
        files.removeAll { $0.id == file.id }
        return ["id": .string(id), "object": "file", "deleted": true]
    }

    /// `GET /v1/files` with its query (`limit` 1 to 10,000, `order`, `after`, `purpose`).
    func list(
        _ query: [(name: String, value: String)], now: Double, shape: ListShape = ListShape()
    ) throws(APIError) -> JSONValue {
        var found = shape.listed(Array(files.reversed()), now: now, id: \.id, createdAt: \.createdAt)
        var limit = 10_000
        for (name, value) in query {
            switch name {
            case "limit": limit = try Paging.limit(value, in: 1...10_000)
            case "order":
                try FieldKind.checkChoice(.string(value), "order", ["asc", "desc"])
                if value == "asc" { found.reverse() }
            case "purpose": found = found.filter { $0.purpose == value }
            case "after": continue
            default: throw .unknown(name)
            }
        }
        if !shape.ignoresAfter, let after = query.first(where: { $0.name == "after" })?.value {
            guard let at = found.firstIndex(where: { $0.id == after }) else { throw .noSuchFile(after) }
            found = Array(found[(at + 1)...])
        }
        return shape.page(found.prefix(limit).map(\.json), hasMore: found.count > limit)
    }

    var all: [StoredFile] { files }

    func removeAll() { files.removeAll() }
}

/// Lists with a cursor, for files and batches.
enum Paging {
    static func limit(_ text: String, in range: ClosedRange<Int>) throws(APIError) -> Int {
        guard let number = Int(text) else {
            throw .invalid("Invalid type for 'limit': expected an integer.", param: "limit", code: "invalid_type")
        }
        try FieldKind.integer(range).check(.int(number), "limit")
        return number
    }

    static func page(_ data: [JSONValue], hasMore: Bool) -> JSONValue {
        [
            "object": "list", "data": .array(data), "first_id": data.first?["id"] ?? .null,
            "last_id": data.last?["id"] ?? .null, "has_more": .bool(hasMore),
        ]
    }
}
