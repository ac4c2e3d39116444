// Length and signatures of a body, computed in one pass: the document's signature and
// the Standard Webhooks ones (C6.1, C6.4).

struct DeliverySeal {
    let length: Int
    /// `sha256=` + hex over the exact bytes, with the current key.
    let signature: String
    /// `v1,` + base64 over `id.timestamp.body`; one per key during a rotation.
    let standardSignatures: [String]
    /// Seconds since 1970.
    let timestamp: Int

    static func make(
        _ delivery: DeliveryRecord, body: any ByteSource, keys: SignatureKeys, now: Timestamp = Timestamp.now()
    ) async throws -> DeliverySeal {
        let timestamp = Int(now.seconds)
        let prefix = Array("\(delivery.id).\(timestamp).".utf8)
        var document = keys.shared.begin()
        var standard = [keys.shared, keys.previous].compactMap { $0?.begin() }
        for index in standard.indices { standard[index].update(prefix) }
        var length = 0
        while let bytes = try await body.next() {
            length += bytes.count
            document.update(bytes)
            for index in standard.indices { standard[index].update(bytes) }
        }
        return DeliverySeal(
            length: length, signature: "sha256=\(document.finish().hex)",
            standardSignatures: standard.map { "v1,\(Base64.text($0.finish().array))" }, timestamp: timestamp)
    }

    func headers(_ delivery: DeliveryRecord, attempt: Int) -> [(String, String)] {
        let request = delivery.requestID.map { [("X-Request-ID", $0)] } ?? []
        return request + [
            ("Content-Type", "application/json"),
            ("X-Signature", signature),
            ("User-Agent", UserAgent.webhook),
            ("X-Delivery-Attempt", "\(attempt)"),
            ("X-Job-ID", delivery.job.description),
            ("webhook-id", delivery.id.description),
            ("webhook-timestamp", "\(timestamp)"),
            ("webhook-signature", standardSignatures.joined(separator: " ")),
        ]
    }
}
