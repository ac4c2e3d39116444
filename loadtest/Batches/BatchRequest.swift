// The body of POST /v1/batches. Thread: any.
import Engine

/// A checked request for a new batch.
struct BatchRequest {
    let inputFile: String
    let metadata: JSONValue
    let outputLifeSeconds: Double?

    private static let known: Set<String> = [
        "input_file_id", "endpoint", "completion_window", "metadata", "output_expires_after",
    ]

    init(_ body: JSONValue) throws(APIError) {
        for (name, _) in body.members ?? [] where !BatchRequest.known.contains(name) { throw .unknown(name) }
        guard let file = body.present("input_file_id") else { throw .missing("input_file_id") }
        guard let endpoint = body.present("endpoint") else { throw .missing("endpoint") }
        guard let window = body.present("completion_window") else { throw .missing("completion_window") }
        try FieldKind.checkString(file, "input_file_id", max: nil)
        // The real API has more endpoints; the simulator has this one only.
        try FieldKind.checkChoice(endpoint, "endpoint", ["/v1/responses"])
        try FieldKind.checkChoice(window, "completion_window", ["24h"])
        inputFile = file.string ?? ""
        metadata = body["metadata"] ?? .null
        if !metadata.isNull { try FieldTable.checkMetadata(metadata) }
        outputLifeSeconds = try BatchRequest.outputLife(body)
    }

    private static func outputLife(_ body: JSONValue) throws(APIError) -> Double? {
        guard let expiry = body.present("output_expires_after") else { return nil }
        guard let anchor = expiry.present("anchor") else { throw .missing("output_expires_after.anchor") }
        try FieldKind.checkChoice(anchor, "output_expires_after.anchor", ["created_at"])
        guard let seconds = expiry.present("seconds") else { throw .missing("output_expires_after.seconds") }
        try FieldKind.integer(3600...2_592_000).check(seconds, "output_expires_after.seconds")
        return seconds.number
    }
}
