// The API's rules for one `input_image` part: a URL, or a data URL with a real picture. Thread: any.
import Engine

/// A picture of a request, as the rest of the simulator needs it.
struct PictureReference: Sendable {
    /// Rule 1 of `SimulatedAnswer`.
    let key: String
    /// The http(s) URL that the API downloads.
    let url: String?
    let detail: String
    /// Its part of the request, as `input[0].content[3]`.
    let path: String
    /// Bytes of the picture in a data URL, decoded.
    var bytes = 0
}

enum PictureRules {
    static let urlCharactersMax = 20_971_520

    static func check(_ part: JSONValue, _ path: String) throws(APIError) -> PictureReference {
        for (name, _) in part.members ?? [] where !["type", "image_url", "file_id", "detail"].contains(name) {
            throw .unknown("\(path).\(name)")
        }
        guard let detail = part.present("detail") else { throw .missing("\(path).detail") }
        try FieldKind.checkChoice(detail, "\(path).detail", ["low", "high", "auto", "original"])
        let detailText = detail.string ?? "auto"
        if let url = part.present("image_url") {
            guard let text = url.string else {
                throw .wrongType("\(path).image_url", expected: "an image URL", got: url)
            }
            return try check(url: text, detail: detailText, part: path)
        }
        guard let file = part.present("file_id") else { throw .missing("\(path).image_url") }
        guard let id = file.string else { throw .wrongType("\(path).file_id", expected: "a string", got: file) }
        return PictureReference(key: SimulatedAnswer.imageKey(url: id), url: nil, detail: detailText, path: path)
    }

    private static func check(url: String, detail: String, part: String) throws(APIError) -> PictureReference {
        let path = "\(part).image_url"
        guard url.utf8.count <= urlCharactersMax else {
            throw .invalid(
                "Invalid '\(path)': string too long. Expected a string with maximum length \(urlCharactersMax).",
                param: path,
                code: "string_above_max_length")
        }
        if url.utf8.starts(with: "data:".utf8) {
            let bytes = try decode(dataURL: url, path)
            return PictureReference(
                key: SimulatedAnswer.imageKey(bytes: bytes), url: nil, detail: detail, path: part, bytes: bytes.count)
        }
        guard isWebURL(url) else {
            throw .invalid(
                "Invalid '\(path)'. Expected a valid URL, but got a value with an invalid format.", param: path,
                code: "invalid_value")
        }
        return PictureReference(key: SimulatedAnswer.imageKey(url: url), url: url, detail: detail, path: part)
    }

    /// A check that tells a web address from a file name: a scheme, a host, no spaces or control characters.
    static func isWebURL(_ url: String) -> Bool {
        let lower = url.prefix(8).lowercased()
        guard let scheme = ["http://", "https://"].first(where: { lower.hasPrefix($0) }) else { return false }
        let rest = url.utf8.dropFirst(scheme.utf8.count)
        let host = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        return !host.isEmpty && url.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }

    private static func decode(dataURL url: String, _ path: String) throws(APIError) -> [UInt8] {
        let bytes = url.utf8
        guard let comma = bytes.firstIndex(of: UInt8(ascii: ",")) else { throw badDataURL(path) }
        let head = String(decoding: bytes[..<comma], as: UTF8.self)
        guard head.hasSuffix(";base64"), let declared = PictureType.of(mediaType: head.dropFirst(5).dropLast(7)) else {
            throw badDataURL(path)
        }
        guard let data = StrictBase64.decode(bytes[bytes.index(after: comma)...]) else {
            throw .invalid(
                "Invalid '\(path)'. The data URL is not valid base64.", param: path, code: "invalid_base64_image")
        }
        guard !data.isEmpty else { throw .invalid("The image is empty.", param: path, code: "empty_image_file") }
        guard let found = PictureType.of(data) else {
            throw .invalid(
                "You uploaded an unsupported image. Please make sure your image has one of the following formats: "
                    + "['png', 'jpeg', 'gif', 'webp'].", param: path, code: "invalid_image_format")
        }
        guard found == declared else {
            throw .invalid(
                "The image data is \(found), but the data URL declares \(declared).", param: path,
                code: "unsupported_image_media_type")
        }
        return data
    }

    private static func badDataURL(_ path: String) -> APIError {
        .invalid(
            "Invalid '\(path)'. Expected a base64-encoded data URL with an image MIME type (e.g. "
                + "'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU=').", param: path, code: "invalid_value")
    }
}

/// The four formats that the API accepts.
enum PictureType: String, Sendable, CaseIterable, CustomStringConvertible {
    case jpeg, png, gif, webp

    var description: String { "image/\(rawValue)" }

    static func of(mediaType: some StringProtocol) -> PictureType? {
        let name = mediaType.lowercased()
        return name == "image/jpg" ? .jpeg : allCases.first { $0.description == name }
    }

    /// Detects the format by the first bytes.
    static func of(_ bytes: [UInt8]) -> PictureType? {
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return .jpeg }
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
        if bytes.starts(with: "GIF87a".utf8) || bytes.starts(with: "GIF89a".utf8) { return .gif }
        if bytes.starts(with: "RIFF".utf8), bytes.dropFirst(8).starts(with: "WEBP".utf8) { return .webp }
        return nil
    }
}
