// Type of an image, by its first bytes instead of its server's statement (C2.5). Pure; any thread.

public enum ImageType: String, CaseIterable, Sendable {
    case jpeg, png, webp, gif

    /// The media type for `Content-Type` and data URLs.
    public var mediaType: String { "image/\(rawValue)" }

    /// Number of bytes that always suffice.
    public static let signatureBytes = 12

    /// Returns nil for any other type. Fewer than ``signatureBytes`` bytes may suffice.
    public init?(firstBytes bytes: some Collection<UInt8>) {
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if bytes.starts(with: "GIF87a".utf8) || bytes.starts(with: "GIF89a".utf8) {
            self = .gif
        } else if bytes.starts(with: "RIFF".utf8), bytes.dropFirst(8).starts(with: "WEBP".utf8) {
            self = .webp
        } else {
            return nil
        }
    }
}

/// The reason why an image is unusable (C2.5).
public enum ImageProblem: Error, Equatable, Sendable {
    /// No answer, or an interrupted one.
    case unreachable
    /// An answer other than 2xx.
    case status(Int)
    /// More than 10 MB.
    case tooLarge
    /// Not JPEG, PNG, WebP or GIF by its first bytes.
    case notAnImage
    /// Not an acceptable URL, or one that leads to a forbidden address (C7).
    case forbidden
}

/// An image in memory.
public struct FetchedImage: Equatable, Sendable {
    public let type: ImageType
    public let bytes: [UInt8]

    public init(type: ImageType, bytes: [UInt8]) {
        self.type = type
        self.bytes = bytes
    }
}

/// `Content-Range: bytes 0-11/4711`.
struct ContentRange: Equatable {
    let first: Int
    /// Bytes of the whole image; nil if the server does not state it.
    let total: Int?

    init?(_ text: String?) {
        guard let text, text.utf8.starts(with: "bytes ".utf8) else { return nil }
        let parts = text.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let first = parts[0].split(separator: "-").first.flatMap({ Int($0) }) else {
            return nil
        }
        self.first = first
        total = Int(parts[1])
    }
}
