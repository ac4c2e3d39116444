// One request to the webhook receiver. A value; any thread.
import Engine

public struct WebhookDelivery: Sendable {
    public let path: String
    public let headers: [(name: String, value: String)]
    /// The exact bytes, up to `WebhooksOptions.bodyBytesKept`.
    public let body: [UInt8]
    public let bodyBytes: Int
    /// Time of the complete body, seconds since 1970.
    public let arrivedAt: Double
    /// 1 for the first request on this path.
    public let attempt: Int
    /// True if `X-Signature` covers the body with the shared key; nil without a key.
    public let signatureIsValid: Bool?
    /// The same for `webhook-signature` (Standard Webhooks); nil without a key or without that header.
    public let standardSignatureIsValid: Bool?

    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The form of `/_sim/deliveries`.
    public var json: JSONValue {
        [
            "path": .string(path), "headers": .array(headers.map { [.string($0.name), .string($0.value)] }),
            "body_base64": .string(Base64.text(body)), "body_bytes": .int(bodyBytes),
            "arrived_at": .double(arrivedAt), "attempt": .int(attempt),
            "signature_valid": signatureIsValid.map { .bool($0) } ?? .null,
            "standard_signature_valid": standardSignatureIsValid.map { .bool($0) } ?? .null,
        ]
    }
}

/// Checks a delivery's signatures as a receiver would, after the API document and the Standard Webhooks text.
enum WebhookSignatures {
    /// `sha256=` and the HMAC-SHA256 of the body's bytes.
    static func plain(_ header: String?, body: [UInt8], key: String) -> Bool {
        header?.lowercased() == "sha256=" + Hex.text(Hashing.hmac(key: Array(key.utf8), body))
    }

    /// `v1,` and Base64 of the HMAC-SHA256 of `id.timestamp.body`; several are separated by spaces.
    static func standard(_ header: (String) -> String?, body: [UInt8], key: String) -> Bool? {
        guard let signatures = header("webhook-signature") else { return nil }
        guard let id = header("webhook-id"), let time = header("webhook-timestamp") else { return false }
        let expected = Hashing.hmac(key: Array(key.utf8), Array("\(id).\(time).".utf8) + body)
        return signatures.split(separator: " ").contains { signature in
            signature.hasPrefix("v1,") && StrictBase64.decode(signature.utf8.dropFirst(3)) == expected
        }
    }
}
