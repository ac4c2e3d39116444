// What a form of ours has sent. Loop-bound while it is read.
import Engine

struct Form {
    /// Enough for a token and a key.
    static let bytesMax = 16 * 1024

    private let fields: QueryParameters
    /// Sent by a page of ours, as far as the browser tells.
    let isOurs: Bool

    /// nil if the field is not there, or there twice.
    subscript(name: String) -> String? { (try? fields.text(name)) ?? nil }

    /// - Returns: nil if it did not come whole; then the server has answered.
    /// - Throws: 415 for what is no form, 400 for what cannot be decoded.
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
