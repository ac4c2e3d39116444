// One request to the simulated API: faults, key, act, reply. Thread: its loop; loop-bound.
import Engine
import Server

final class OpenAIHandler {
    private let account: SimulatedAccount
    /// One picture may have 20,971,520 characters; this is six of them.
    static let jsonBytesMax = 128 * 1024 * 1024
    static let uploadBytesMax = 512 * 1024 * 1024

    /// The client closed the connection before its request was complete.
    private struct ClientGone: Error {}

    init(_ account: SimulatedAccount) { self.account = account }

    func answer(_ exchange: Exchange) async {
        let head = exchange.head
        if head.path.hasPrefix("/_sim/") { return await OpenAIAdmin(account).answer(exchange) }
        guard let (route, id) = OpenAIRoute.of(method: head.method, path: head.path) else {
            account.books.request("unknown")
            let error = APIError(404, "Invalid URL (\(head.method) \(head.path))")
            return await SimReply.json(404, error.json).send(over: exchange)
        }
        account.books.request(route.rawValue)
        var ending: RouteFault?
        for fault in account.plan.strike(route: route.rawValue) {
            switch fault.kind {
            case .slow: try? await exchange.loop.sleep(seconds: account.clock.scaled(fault.seconds))
            case .status: return await send(refusal(fault), route, exchange)
            case .html: return await send(page(fault.status), route, exchange)
            case .drop:
                account.books.reply(route.rawValue, "dropped")
                return exchange.abort()
            case .lostReply, .lateReply, .truncated: ending = fault
            }
        }
        await act(route, id, exchange, ending: ending)
    }

    private func act(_ route: OpenAIRoute, _ id: String, _ exchange: Exchange, ending: RouteFault?) async {
        let reply: SimReply
        do {
            try authorize(exchange.head)
            reply = try await perform(route, id, exchange)
        } catch let error as APIError {
            reply = OpenAIHandler.reply(error)
        } catch is ClientGone {
            return account.books.reply(route.rawValue, "client gone")
        } catch {
            reply = OpenAIHandler.reply(APIError(500, "\(error)", type: "server_error"))
        }
        if ending?.kind == .lateReply { try? await exchange.loop.sleep(seconds: ending?.seconds ?? 0) }
        await send(reply, route, exchange, ending: ending?.kind)
    }

    private func send(
        _ reply: SimReply, _ route: OpenAIRoute, _ exchange: Exchange, ending: RouteFaultKind? = nil
    ) async {
        if ending == .lostReply {
            account.books.reply(route.rawValue, "lost")
            return exchange.abort()
        }
        account.books.reply(route.rawValue, ending == .truncated ? "truncated" : "\(reply.status)")
        var reply = reply
        reply.headers += [
            ("openai-version", "2020-10-01"), ("openai-organization", "org-simulated"), ("openai-processing-ms", "1"),
        ]
        await reply.send(over: exchange, truncated: ending == .truncated)
    }

    // MARK: Acting

    private func perform(_ route: OpenAIRoute, _ id: String, _ exchange: Exchange) async throws -> SimReply {
        let now = account.clock.now
        switch route {
        case .responses: return try await respond(exchange)
        case .upload: return try await upload(exchange)
        case .files: return .json(200, try account.files.list(URLParts.query(exchange.head.query)))
        case .file: return .json(200, try account.files.file(id, now: now).json)
        case .content:
            await account.batches.catchUp()
            let file = try account.files.file(id, now: now)
            return SimReply(
                status: 200, headers: [("Content-Type", "application/octet-stream")], body: .file(file.content))
        case .deleteFile: return .json(200, try account.files.remove(id, now: now))
        case .createBatch:
            await account.batches.catchUp()
            return .json(200, try account.batches.create(try await body(exchange).json).json(now: now))
        case .batches: return .json(200, try await account.batches.list(URLParts.query(exchange.head.query)))
        case .batch: return .json(200, try await account.batches.batch(id).json(now: now))
        case .cancelBatch: return .json(200, try await account.batches.cancel(id).json(now: now))
        case .models: return .json(200, ["object": "list", "data": .array(catalog.available.map(describe))])
        case .model:
            guard let model = catalog.model(id) else { throw APIError.modelNotFound(id) }
            return .json(200, describe(model))
        }
    }

    private func respond(_ exchange: Exchange) async throws -> SimReply {
        let (bytes, json) = try await body(exchange)
        if account.options.responseSeconds > 0 {
            try await exchange.loop.sleep(seconds: account.clock.scaled(account.options.responseSeconds))
        }
        let answer = try await account.engine.answer(json, text: bytes, id: nil)
        account.books.pay(response: bytes)
        return .json(200, answer.json)
    }

    private func upload(_ exchange: Exchange) async throws -> SimReply {
        guard let boundary = MultipartReader.boundary(contentType: exchange.head.header("Content-Type")) else {
            throw APIError(400, "The request must be multipart/form-data with a boundary.")
        }
        let content = try SpoolFile()
        let reader = UploadReader(boundary: boundary, content: content)
        let arrived: Bool = try await exchange.loop.park { ticket in
            exchange.receiveBody(limit: OpenAIHandler.uploadBytesMax, into: UploadBody(reader, ticket))
        }
        guard arrived else { throw ClientGone() }
        let upload = try reader.finish()
        let file = account.files.add(
            purpose: upload.purpose, filename: upload.filename, content: content, now: account.clock.now,
            lifeSeconds: upload.lifeSeconds)
        return .json(200, file.json)
    }

    private func body(_ exchange: Exchange) async throws -> (bytes: [UInt8], json: JSONValue) {
        let type = exchange.head.header("Content-Type")?.lowercased() ?? ""
        let bytes: [UInt8]
        do { bytes = try await exchange.collectBody(limit: OpenAIHandler.jsonBytesMax) } catch { throw ClientGone() }
        guard type.split(separator: ";").first.map({ String($0).trimmed }) == "application/json" else {
            throw APIError(
                400, "Unsupported content type: '\(type)'. This API method only accepts 'application/json' requests.")
        }
        guard let json = try? JSONValue.parse(bytes) else {
            throw APIError(400, "We could not parse the JSON body of your request.")
        }
        return (bytes, json)
    }

    private func authorize(_ head: RequestHead) throws(APIError) {
        guard let value = head.header("Authorization"), value.hasPrefix("Bearer "), value.count > 7 else {
            throw .unauthorized
        }
        if let key = account.options.apiKey, value.dropFirst(7) != key { throw .wrongKey }
    }

    // MARK: Replies

    private var catalog: ModelCatalog { ModelCatalog(shutDown: Set(account.plan.shutDown)) }

    private func describe(_ model: SimModel) -> JSONValue {
        [
            "id": .string(model.name), "object": "model", "created": 1_740_000_000, "owned_by": "system",
            "shutdown_date": .null,
        ]
    }

    private static func reply(_ error: APIError) -> SimReply {
        var reply = SimReply.json(error.status, error.json)
        if let seconds = error.retryAfter {
            reply.headers.append(("Retry-After", seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)"))
        }
        return reply
    }

    private func refusal(_ fault: RouteFault) -> SimReply {
        var code = fault.code
        var type = "invalid_request_error"
        var message = "Refused by a fault switch."
        switch fault.status {
        case 429:
            code = code ?? "rate_limit_exceeded"
            type = code == "insufficient_quota" ? "insufficient_quota" : "requests"
            message = code == "insufficient_quota" ? "You exceeded your current quota." : "Rate limit reached."
        case 503: (type, message) = ("service_unavailable_error", "The server is overloaded.")
        case 500...599: (type, message) = ("server_error", "The server had an error while processing your request.")
        default: break
        }
        return OpenAIHandler.reply(
            APIError(fault.status, fault.message ?? message, type: type, code: code, retryAfter: fault.retryAfter))
    }

    private func page(_ status: Int) -> SimReply {
        let html = "<html><head><title>\(status)</title></head><body><h1>\(status) from a proxy</h1></body></html>"
        return .text(status, html, type: "text/html")
    }
}

/// Feeds an upload's bytes to its reader.
private final class UploadBody: BodyReceiver {
    private let reader: UploadReader
    private let done: Ticket<Bool>

    init(_ reader: UploadReader, _ done: Ticket<Bool>) {
        self.reader = reader
        self.done = done
    }

    func body(_ bytes: Span<UInt8>) { reader.feed(bytes.withUnsafeBufferPointer { Array($0) }) }
    func bodyEnded() { done.resume(true) }
    func bodyFailed(_ failure: BodyFailure) { done.resume(false) }
}
