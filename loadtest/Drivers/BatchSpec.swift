// Describes a generated request body. Values; any thread.
import ArgumentParser

/// How a body writes non-ASCII text.
enum WireForm: String, CaseIterable, Sendable, ExpressibleByArgument {
    /// Raw UTF-8, compact, as JavaScript writes it.
    case utf8
    /// Escapes, and spaces after commas and colons, as Python's `json.dumps` writes it.
    case ascii
}

/// The place of a body's signature.
enum SignaturePlace: String, CaseIterable, Sendable, ExpressibleByArgument {
    /// The member `signature`, over the canonical text of the lots.
    case body
    /// The header `X-Signature`, over the body's bytes.
    case header
}

/// URLs of the pictures in generated lots.
enum PictureAddresses: Sendable, Equatable {
    /// On a host that does not exist (RFC 6761).
    case nowhere
    /// A running number between these.
    case numbered(before: String, after: String)

    /// `url` with `{n}` as the place of the number; without it, the paths of `loadtest images`.
    /// - Throws: ``DriverError`` for characters that a URL cannot have.
    init(_ url: String) throws(DriverError) {
        let isPlain = url.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }
        try check(isPlain && url.lowercased().hasPrefix("http"), "\(url) is not the address of pictures")
        let parts = url.split(separator: "{n}", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        if parts.count == 2 {
            self = .numbered(before: parts[0], after: parts[1])
        } else {
            self = .numbered(before: url + (url.hasSuffix("/") ? "car/" : "/car/"), after: ".jpg")
        }
    }
}

struct BatchSpec: Sendable {
    enum Filling: Sendable, Equatable {
        /// The target size of the whole body and its upper bound: half text, half pictures.
        case bytes(Int)
        /// The number of pictures per lot, with a short text.
        case pictures(Int)
    }

    var lots: Int
    var filling: Filling
    var seed = 1
    var wire = WireForm.utf8
    var signs = SignaturePlace.body
    var isCompressed = false
    var languages = ["en"]
    var pictures = PictureAddresses.nowhere
    /// Lot n names the address that ends in n.
    var webhooks: [String] = []

    /// Minimum size of a lot in `Filling.bytes`.
    static let lotBytesMin = 220
    /// A lot must stay under the service's 1 MB, and its size varies by 30 %.
    static let lotBytesMax = 700_000

    /// - Throws: ``DriverError`` if no such body can be made.
    func validate() throws(DriverError) {
        try check(lots > 0, "--lots must be above zero")
        try check(!languages.isEmpty, "--languages must name at least one language")
        try check(
            !(isCompressed && signs == .header), "a compressed body carries its signature inside: --sign body")
        guard case .bytes(let bytes) = filling else { return }
        try check(
            bytes / lots >= BatchSpec.lotBytesMin,
            "\(lots) lots need at least \(lots * BatchSpec.lotBytesMin / 1_000_000 + 1) MB")
        try check(bytes / lots <= BatchSpec.lotBytesMax, "lots of \(bytes / lots) bytes are too large: take more lots")
    }
}
