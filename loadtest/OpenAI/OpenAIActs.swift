// The acts of the simulated API, once a request has been read. Thread: its loop; loop-bound.
import Engine
import Server

/// A request as it was read from the wire.
struct OpenAIRequest {
    let route: OpenAIRoute
    /// The id in the path.
    let id: String
    let query: [(name: String, value: String)]
    var body: [UInt8] = []
    var json = JSONValue.null
    var upload: Upload?
    /// The input file of a new batch, looked up when the request arrived.
    var file: StoredFile?

    struct Upload {
        let purpose: String
        let filename: String
        let content: SpoolFile
        let lifeSeconds: Double?
    }

    private static let lineBytesMax = 64 * 1024

    /// The text in which a fault's `contains` is searched.
    func contains(_ needle: String) -> Bool {
        if ByteSearch.contains(body, needle) { return true }
        guard let content = upload?.content ?? file?.content,
            let start = try? content.read(at: 0, length: OpenAIRequest.lineBytesMax)
        else { return false }
        return ByteSearch.contains(Array(start.prefix { $0 != 0x0A }), needle)
    }

    /// Bytes of the body, or of the uploaded file.
    var byteCount: Int { upload?.content.count ?? body.count }
}

struct OpenAIActs {
    let account: SimulatedAccount

    /// A good reply, and the number of the answer in the ledger that it carries.
    struct Outcome {
        var reply: SimReply
        var paid: Int?
    }

    func perform(_ request: OpenAIRequest, _ list: ListShape) async throws -> Outcome {
        if request.route == .responses { return try await respond(request) }
        return Outcome(reply: try await reply(request, list), paid: nil)
    }

    private func reply(_ request: OpenAIRequest, _ list: ListShape) async throws -> SimReply {
        let now = account.clock.now
        let (id, query) = (request.id, request.query)
        switch request.route {
        case .responses: preconditionFailure("answered by respond")
        case .upload:
            guard let upload = request.upload else { throw APIError.missing("file") }
            let file = account.files.add(
                purpose: upload.purpose, filename: upload.filename, content: upload.content, now: now,
                lifeSeconds: upload.lifeSeconds)
            return .json(200, file.json)
        case .files: return .json(200, try account.files.list(query, now: now, shape: list))
        case .file: return .json(200, try account.files.file(id, now: now).json)
        case .content:
            await account.batches.catchUp()
            let file = try account.files.file(id, now: now)
            return SimReply(
                status: 200, headers: [("Content-Type", "application/octet-stream")], body: .file(file.content))
        case .deleteFile: return .json(200, try account.files.remove(id, now: now))
        case .createBatch:
            await account.batches.catchUp()
            let batch = try account.batches.create(request.json, input: request.file)
            return .json(200, batch.json(now: account.clock.now))
        case .batches: return .json(200, try await account.batches.list(query, shape: list))
        case .batch: return .json(200, try await account.batches.batch(id).json(now: now))
        case .cancelBatch: return .json(200, try await account.batches.cancel(id).json(now: now))
        case .models:
            return .json(200, ["object": "list", "data": .array(account.plan.catalog.available.map(describe))])
        case .model:
            guard let model = account.plan.catalog.model(id) else { throw APIError.modelNotFound(id) }
            return .json(200, describe(model))
        }
    }

    /// Runs and pays whether or not the client is still there.
    private func respond(_ request: OpenAIRequest) async throws -> Outcome {
        if account.options.responseSeconds > 0 {
            try await account.loop.sleep(seconds: account.clock.scaled(account.options.responseSeconds))
        }
        let answer = try await account.engine.answer(request.json, text: request.body, id: nil)
        return Outcome(reply: .json(200, answer.json), paid: account.books.pay(answer.paid))
    }

    private func describe(_ model: SimModel) -> JSONValue {
        [
            "id": .string(model.name), "object": "model", "created": 1_740_000_000, "owned_by": "system",
            "shutdown_date": .null,
        ]
    }
}
