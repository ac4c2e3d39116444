// Parses an upload as a stream and keeps the file's bytes on disk. Thread: its loop.
import Engine

/// Reads the multipart body of `POST /v1/files`.
final class UploadReader {
    private var multipart: MultipartReader
    private let content: SpoolFile
    private var fields: [String: [UInt8]] = [:]
    private var filename: String?
    private var part = ""
    /// The first error; the rest of the body is then read and dropped.
    private(set) var problem: APIError?

    private static let fieldBytesMax = 1024
    private static let known: Set<String> = [
        "purpose", "file", "expires_after[anchor]", "expires_after[seconds]",
    ]

    init(boundary: String, content: SpoolFile) {
        multipart = MultipartReader(boundary: boundary)
        self.content = content
    }

    func feed(_ bytes: [UInt8]) {
        guard problem == nil else { return }
        do {
            try multipart.feed(bytes) { event in try received(event) }
        } catch let error as APIError {
            problem = error
        } catch {
            problem = UploadReader.malformed("\(error)")
        }
    }

    /// The upload's parts after the last byte.
    func finish() throws(APIError) -> (purpose: String, filename: String, lifeSeconds: Double?) {
        if let problem { throw problem }
        do { try multipart.finish() } catch { throw UploadReader.malformed(error.reason) }
        guard let filename else { throw .missing("file") }
        guard let purposeBytes = fields["purpose"] else { throw .missing("purpose") }
        let purpose = String(decoding: purposeBytes, as: UTF8.self)
        try FieldKind.checkChoice(.string(purpose), "purpose", FileStore.purposes)
        if purpose == "batch" {
            guard filename.hasSuffix(".jsonl") else {
                throw APIError(400, "Invalid file format for Batch API. Must be .jsonl")
            }
            guard content.count <= FileStore.batchBytesMax else {
                throw APIError(400, "File is too large.", param: "file")
            }
            guard content.count > 0 else { throw APIError(400, "File is empty.", param: "file") }
        }
        return (purpose, filename, try lifeSeconds() ?? (purpose == "batch" ? FileStore.batchLifeSeconds : nil))
    }

    private func lifeSeconds() throws(APIError) -> Double? {
        guard let text = fields["expires_after[seconds]"] else { return nil }
        guard fields["expires_after[anchor]"].map({ $0.elementsEqual("created_at".utf8) }) == true else {
            throw .missing("expires_after[anchor]")
        }
        let seconds = Int(String(decoding: text, as: UTF8.self))
        try FieldKind.integer(3600...2_592_000).check(seconds.map { .int($0) } ?? "", "expires_after[seconds]")
        return seconds.map(Double.init)
    }

    private func received(_ event: MultipartEvent) throws {
        switch event {
        case .part(let name, let filename): try begin(name, filename)
        case .data(let bytes):
            if part == "file" {
                // Keeps one byte over the limit, so that `finish` detects the excess.
                let room = FileStore.batchBytesMax + 1 - content.count
                try content.append(bytes.count <= room ? bytes : Array(bytes.prefix(room)))
            } else {
                fields[part, default: []].append(contentsOf: bytes)
                if fields[part, default: []].count > UploadReader.fieldBytesMax {
                    throw UploadReader.malformed("the field \(part) is too long")
                }
            }
        case .partEnded, .ended: part = ""
        }
    }

    private func begin(_ name: String, _ filename: String?) throws(APIError) {
        guard UploadReader.known.contains(name) else { throw .unknown(name) }
        guard fields[name] == nil, name != "file" || self.filename == nil else {
            throw .invalid("Duplicate parameter: '\(name)'.", param: name, code: "duplicate_parameter")
        }
        part = name
        if name == "file" {
            guard let filename, !filename.isEmpty else {
                throw APIError(400, "The file has no file name.", param: "file")
            }
            self.filename = filename
        } else {
            fields[name] = []
        }
    }

    private static func malformed(_ reason: String) -> APIError {
        APIError(400, "We could not parse the multipart body of your request: \(reason).")
    }
}
