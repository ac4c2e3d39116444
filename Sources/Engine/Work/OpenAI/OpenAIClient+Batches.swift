// Batches (`/v1/batches`). Loop-bound.

extension OpenAIClient {
    /// Creates a batch from an uploaded file. It is never retried, because the API has no idempotency key and a
    /// second batch costs money. If the error has `mayHaveArrived`, search with ``listBatches(after:limit:)`` first.
    ///
    /// Its wait for a connection has a limit of its own, so that the provider always has the whole time to answer.
    /// A server that refuses the life of the answer files gets the batch without: then it has made none.
    /// - Parameter metadata: at most 16 pairs; keys up to 64, values up to 512 characters.
    public func createBatch(
        inputFile: String, metadata: [(String, String)]
    ) async throws(OpenAIError) -> BatchObject {
        precondition(metadata.count <= 16, "a batch may have at most 16 metadata pairs")
        let members: [(String, JSONValue)] = [
            ("input_file_id", .string(inputFile)), ("endpoint", .string(BatchLine.endpoint)),
            ("completion_window", "24h"), ("metadata", .object(metadata.map { ($0.0, .string($0.1)) })),
        ]
        guard let days = fileLives.output else { return try await create(.object(members)) }
        let expiry: JSONValue = ["anchor": "created_at", "seconds": .int(days * 86_400)]
        do throws(OpenAIError) {
            return try await create(.object(members + [("output_expires_after", expiry)]))
        } catch {
            guard error.refuses("output_expires_after") else { throw error }
            fileLives.output = nil
            return try await create(.object(members))
        }
    }

    private func create(_ batch: JSONValue) async throws(OpenAIError) -> BatchObject {
        var call = smallCall(.createBatch, "POST", "/batches", json: batch)
        call.repeats = .never
        call.timeoutSeconds = configuration.createSeconds
        call.queueSeconds = configuration.createQueueSeconds
        call.deadlineSeconds = configuration.createSeconds + configuration.createQueueSeconds
        do throws(OpenAIError) {
            return try batchObject(try await json(call))
        } catch {
            // A gateway may redirect the reply to a request that it has passed on.
            guard case .api(300..<400, _, _) = error.kind else { throw error }
            var error = error
            error.mayHaveArrived = true
            throw error
        }
    }

    public func batch(_ id: String) async throws(OpenAIError) -> BatchObject {
        let object = try batchObject(try await json(smallCall(.getBatch, "GET", "/batches/\(PathSegment.encode(id))")))
        guard object.id == id else { throw OpenAIError(.malformed("it is another batch"), mayHaveArrived: true) }
        return object
    }

    /// Returns a page of the account's batches, in no particular order. The API has no filter.
    /// - Parameter limit: 1...100.
    public func listBatches(after: String? = nil, limit: Int = 100) async throws(OpenAIError) -> BatchPage {
        let start = after.map { "&after=\(PathSegment.encode($0))" } ?? ""
        let page = try await json(smallCall(.listBatches, "GET", "/batches?limit=\(limit)\(start)"))
        let data = try list(page)
        return BatchPage(batches: data.compactMap(BatchObject.init), next: next(page, data))
    }

    /// Requests the cancellation of a batch. It may stay `cancelling` for ten minutes, and keeps its finished
    /// answers. A batch that has already ended is returned unchanged.
    public func cancelBatch(_ id: String) async throws(OpenAIError) -> BatchObject {
        var call = smallCall(.cancelBatch, "POST", "/batches/\(PathSegment.encode(id))/cancel")
        call.conflictIsFinal = true
        do throws(OpenAIError) {
            return try batchObject(try await json(call))
        } catch {
            guard case .api(let status, _, _) = error.kind, status == 400 || status == 409 else { throw error }
            return try await batch(id)
        }
    }

    private func batchObject(_ value: JSONValue) throws(OpenAIError) -> BatchObject {
        guard let batch = BatchObject(value) else {
            throw OpenAIError(.malformed("it is not a batch"), mayHaveArrived: true)
        }
        return batch
    }

    func list(_ page: JSONValue) throws(OpenAIError) -> [JSONValue] {
        guard let data = page["data"]?.array else { throw OpenAIError(.malformed("it is not a list")) }
        return data
    }

    /// An empty page counts as the last one, whatever it says, so that no caller loops for ever.
    func next(_ page: JSONValue, _ data: [JSONValue]) -> String? {
        guard page["has_more"]?.bool ?? false, let last = data.last else { return nil }
        return page["last_id"]?.string ?? last["id"]?.string
    }
}

/// Encodes identifiers in paths and queries, so that a server's id cannot lead to another path.
enum PathSegment {
    static func encode(_ text: String) -> String {
        var out: [UInt8] = []
        for byte in text.utf8 {
            if ASCII.isLetterOrDigit(byte) || "-_.".utf8.contains(byte) {
                out.append(byte)
            } else {
                out.append(UInt8(ascii: "%"))
                out.append(Hex.digit(byte >> 4))
                out.append(Hex.digit(byte & 15))
            }
        }
        // `.` and `..` are unreserved characters, but navigate within a path.
        return String(decoding: out, as: UTF8.self).replacing("..", with: "%2e%2e")
    }
}
