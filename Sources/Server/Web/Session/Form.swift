// The fields of a form. Loop-bound while it is read.
import Engine

struct Form {
    /// Largest form, bytes: enough for a token and a key.
    static let bytesMax = 16 * 1024

    private let fields: QueryParameters
    /// Whether a page of this service sent the form, as far as the browser says.
    let isOurs: Bool

    /// The value of a field; nil if it is missing or present twice.
    subscript(name: String) -> String? { (try? fields.text(name)) ?? nil }

    /// - Returns: nil if the form did not arrive whole; the server has answered then.
    /// - Throws: 415 for other content types, 400 for a form that cannot be decoded.
    static func read(_ call: Call, limit: Int) async throws -> Form? {
        let head = call.exchange.head
        let type = head.header("Content-Type") ?? ""
        guard type.prefix(while: { $0 != ";" }).lowercased() == "application/x-www-form-urlencoded" else {
            throw ServiceError(.unsupportedMediaType, "Content-Type must be application/x-www-form-urlencoded")
        }
        let bytes: [UInt8]
        do throws(BodyFailure) { bytes = try await call.exchange.collectBody(limit: limit) } catch { return nil }
        return try Form(
            fields: QueryParameters(String(decoding: bytes, as: UTF8.self)),
            isOurs: WebOrigin.isOurs(
                fetchSite: head.header("Sec-Fetch-Site"), origin: head.header("Origin"), host: head.header("Host")))
    }
}
