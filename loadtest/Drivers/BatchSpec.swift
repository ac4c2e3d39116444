// What a made-up request body should be. Values; any thread.
import ArgumentParser

/// How a body writes what is not ASCII.
enum WireForm: String, CaseIterable, Sendable, ExpressibleByArgument {
    /// Raw UTF-8, compact: what JavaScript sends.
    case utf8
    /// Escapes and spaces after commas and colons: what Python's `json.dumps` sends.
    case ascii
}

/// Where a body's signature stands.
enum SignaturePlace: String, CaseIterable, Sendable, ExpressibleByArgument {
    /// The member `signature`, over the canonical text of the lots.
    case body
    /// The header `X-Signature`, over the body's bytes.
    case header
}

/// Where the pictures of made-up lots are said to be.
enum PictureAddresses: Sendable, Equatable {
    /// At a host that does not exist (RFC 6761).
    case nowhere
    /// A running number between these.
    case numbered(before: String, after: String)

    /// `url` with `{n}` where the number goes; without it, the paths of `loadtest images` are used.
    /// - Throws: ``DriverError`` for what cannot stand in a URL.
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
        /// The whole body has about so many bytes, not more: half text, half pictures.
        case bytes(Int)
        /// Each lot has so many pictures, and a short text.
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

    /// The least that a lot of `Filling.bytes` takes.
    static let lotBytesMin = 220
    /// A lot must stay under the service's 1 MB, and its size varies by 30 %.
    static let lotBytesMax = 700_000

    /// - Throws: ``DriverError`` if no such body can be made.
    func validate() throws(DriverError) {
        try check(lots > 0, "a body needs lots")
        try check(!languages.isEmpty, "a body needs languages")
        try check(
            !(isCompressed && signs == .header), "a compressed body carries its signature inside: --sign body")
        guard case .bytes(let bytes) = filling else { return }
        try check(
            bytes / lots >= BatchSpec.lotBytesMin,
            "\(lots) lots need at least \(lots * BatchSpec.lotBytesMin / 1_000_000 + 1) MB")
        try check(bytes / lots <= BatchSpec.lotBytesMax, "lots of \(bytes / lots) bytes are too large: take more lots")
    }
}
