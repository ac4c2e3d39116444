// The form that uploads a batch's file (RFC 7578): two parts, the second one streamed.
// The source is loop-bound, the frame pure.

/// The bytes around the file, and the exact length of the whole body.
struct MultipartFile {
    /// Every line of the file begins with `{`, so no line can equal this boundary.
    static let boundary = "generation-service-7d1b6f0c94a2"
    static let contentType = "multipart/form-data; boundary=\(boundary)"

    let preamble: [UInt8]
    let epilogue = Array("\r\n--\(boundary)--\r\n".utf8)

    /// - Parameters:
    ///   - name: without `.jsonl`, which the API requires and this adds. Keeps letters, digits, `-`, `_` and `.`.
    ///   - expiresAfterDays: life of the file from its creation; nil leaves it to the server.
    init(name: String, expiresAfterDays: Int? = nil) {
        let safe = String(decoding: name.utf8.filter { Self.nameBytes.contains($0) }, as: UTF8.self)
        var text = Self.field("purpose", "batch")
        if let days = expiresAfterDays {
            // Names with brackets: the official SDKs' form of nested fields.
            text += Self.field("expires_after[anchor]", "created_at")
            text += Self.field("expires_after[seconds]", "\(days * 86_400)")
        }
        text += """
            --\(Self.boundary)\r\n\
            Content-Disposition: form-data; name="file"; filename="\(safe).jsonl"\r\n\
            Content-Type: application/jsonl\r\n\r\n
            """
        preamble = Array(text.utf8)
    }

    private static func field(_ name: String, _ value: String) -> String {
        "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n"
    }

    func length(ofFile bytes: Int) -> Int { preamble.count + bytes + epilogue.count }

    private static let nameBytes = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.".utf8)
}

/// Supplies the preamble, the file and the epilogue; each chunk is pulled when the socket drains.
final class MultipartSource: ByteSource {
    /// The file has a different length than announced; the upload must not look complete.
    struct WrongLength: Error {}

    private enum Part { case preamble, file, ended }

    private let frame: MultipartFile
    private let file: any ByteSource
    private var left: Int
    private var part = Part.preamble

    init(_ frame: MultipartFile, length: Int, file: any ByteSource) {
        self.frame = frame
        self.file = file
        left = length
    }

    func next() async throws -> [UInt8]? {
        switch part {
        case .preamble:
            part = .file
            return frame.preamble
        case .file:
            while let chunk = try await file.next() {
                left -= chunk.count
                guard left >= 0 else { throw WrongLength() }
                if !chunk.isEmpty { return chunk }
            }
            guard left == 0 else { throw WrongLength() }
            part = .ended
            return frame.epilogue
        case .ended: return nil
        }
    }
}
