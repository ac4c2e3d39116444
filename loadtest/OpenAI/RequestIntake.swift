// Reads a request of the simulated API to its end. Thread: its loop; loop-bound.
import Engine
import Server

/// The client closed the connection before its request was complete.
struct ClientGone: Error {}

struct RequestIntake {
    let account: SimulatedAccount
    /// One picture may have 20,971,520 characters; this is six of them.
    static let jsonBytesMax = 128 * 1024 * 1024
    static let uploadBytesMax = 512 * 1024 * 1024

    func read(_ route: OpenAIRoute, _ id: String, _ exchange: Exchange) async throws -> OpenAIRequest {
        var request = OpenAIRequest(route: route, id: id, query: URLParts.query(exchange.head.query))
        switch route {
        case .upload: request.upload = try await upload(exchange)
        case .responses: (request.body, request.json) = try await body(exchange)
        case .createBatch:
            (request.body, request.json) = try await body(exchange)
            request.file = try? account.files.file(
                request.json["input_file_id"]?.string ?? "", now: account.clock.now)
        case .files, .file, .content, .deleteFile, .batches, .batch, .cancelBatch, .models, .model: break
        }
        return request
    }

    private func upload(_ exchange: Exchange) async throws -> OpenAIRequest.Upload {
        guard let boundary = MultipartReader.boundary(contentType: exchange.head.header("Content-Type")) else {
            throw APIError(400, "The request must be multipart/form-data with a boundary.")
        }
        let content = try SpoolFile()
        let reader = UploadReader(boundary: boundary, content: content)
        let arrived: Bool = try await exchange.loop.park { ticket in
            exchange.receiveBody(limit: RequestIntake.uploadBytesMax, into: UploadBody(reader, ticket))
        }
        guard arrived else { throw ClientGone() }
        let parts = try reader.finish()
        return OpenAIRequest.Upload(
            purpose: parts.purpose, filename: parts.filename, content: content, lifeSeconds: parts.lifeSeconds)
    }

    private func body(_ exchange: Exchange) async throws -> (bytes: [UInt8], json: JSONValue) {
        let type = exchange.head.header("Content-Type")?.lowercased() ?? ""
        let bytes: [UInt8]
        do { bytes = try await exchange.collectBody(limit: RequestIntake.jsonBytesMax) } catch { throw ClientGone() }
        guard type.split(separator: ";").first.map({ String($0).trimmed }) == "application/json" else {
            throw APIError(
                400, "Unsupported content type: '\(type)'. This API method only accepts 'application/json' requests.")
        }
        guard let json = try? JSONValue.parse(bytes) else {
            throw APIError(400, "We could not parse the JSON body of your request.")
        }
        return (bytes, json)
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
