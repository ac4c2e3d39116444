// Files (`/v1/files`). Loop-bound.

extension OpenAIClient {
    /// Uploads a batch's input, streamed. It is not retried, because a lost reply leaves an orphan, which
    /// ``listFiles(purpose:after:)`` finds by its name. A server that refuses the file's life gets it without.
    /// - Parameters:
    ///   - name: without `.jsonl`; letters, digits, `-`, `_`, `.`.
    ///   - length: exact, bytes; a source of another length fails the upload.
    ///   - source: made for each try.
    /// - Returns: the file's id.
    public func uploadBatchFile(
        name: String, length: Int, source: @autoclosure () -> any ByteSource
    ) async throws(OpenAIError) -> String {
        do throws(OpenAIError) {
            return try await upload(MultipartFile(name: name, expiresAfterDays: fileLives.input), length, source())
        } catch {
            guard fileLives.input != nil, error.refuses("expires_after") else { throw error }
            fileLives.input = nil
            return try await upload(MultipartFile(name: name), length, source())
        }
    }

    private func upload(
        _ frame: MultipartFile, _ length: Int, _ source: any ByteSource
    ) async throws(OpenAIError) -> String {
        let body = MultipartSource(frame, length: length, file: source)
        let call = ProviderCall(
            operation: .uploadFile, method: "POST", path: "/files", contentType: MultipartFile.contentType,
            body: .stream(length: frame.length(ofFile: length), source: body),
            timeoutSeconds: configuration.uploadSeconds, deadlineSeconds: configuration.uploadSeconds, repeats: .never)
        guard let file = FileObject(try await json(call)) else {
            throw OpenAIError(.malformed("it is not a file"), mayHaveArrived: true)
        }
        return file.id
    }

    /// Deletes a file. A file that no longer exists counts as deleted.
    public func deleteFile(_ id: String) async throws(OpenAIError) {
        do throws(OpenAIError) {
            _ = try await json(smallCall(.deleteFile, "DELETE", "/files/\(PathSegment.encode(id))"))
        } catch {
            if case .api(404, _, _) = error.kind { return }
            throw error
        }
    }

    /// Returns a page of the account's files, in no particular order.
    /// - Parameter purpose: nil: files of all purposes.
    public func listFiles(purpose: String? = "batch", after: String? = nil) async throws(OpenAIError) -> FilePage {
        let start = after.map { "&after=\(PathSegment.encode($0))" } ?? ""
        let choice = purpose.map { "purpose=\(PathSegment.encode($0))&" } ?? ""
        let path = "/files?\(choice)limit=1000\(start)"
        let page = try await json(smallCall(.listFiles, "GET", path))
        let data = try list(page)
        return FilePage(files: data.compactMap(FileObject.init), next: next(page, data))
    }

    /// Opens a result file for reading by line. Opening is retried, reading is not. Redirects are followed, because
    /// gateways keep files at storage hosts; another host gets neither the key nor any other header of this account.
    public func openFile(_ id: String) async throws(OpenAIError) -> LineReader {
        var call = smallCall(.readFile, "GET", "/files/\(PathSegment.encode(id))/content")
        call.timeoutSeconds = configuration.downloadSeconds
        call.deadlineSeconds = configuration.downloadSeconds
        let opening = call
        return try await retrying(call) { seconds throws(OpenAIError) in try await self.opened(opening, seconds) }
    }

    /// Most redirects of a result file that are followed.
    private static let fileRedirectsMax = 5

    private func opened(_ call: ProviderCall, _ seconds: Double) async throws(OpenAIError) -> LineReader {
        let stream: OutboundStream
        var request = request(call, seconds)
        request.maxRedirects = Self.fileRedirectsMax
        request.addressesElsewhere = configuration.redirectAddresses
        do throws(OutboundError) {
            stream = try await http.open(request)
        } catch {
            throw OpenAIError(error)
        }
        guard (200..<300).contains(stream.status) else {
            throw failure(stream.status, stream.header, await rest(of: stream), call.operation)
        }
        log(call, stream.status, stream.header)
        return LineReader(stream)
    }

    /// Reads the body of an error, at most 64 KiB and as far as possible.
    private func rest(of stream: OutboundStream) async -> [UInt8] {
        defer { stream.cancel() }
        var body: [UInt8] = []
        while body.count < 65_536, let chunk = try? await stream.next() { body += chunk }
        return body
    }
}
