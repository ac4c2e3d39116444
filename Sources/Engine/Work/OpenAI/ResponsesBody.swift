// The body of POST /v1/responses: the same for a synchronous call, a direct request and a batch line. Pure.

/// An image of a request.
public enum ImageReference: Sendable, Equatable {
    /// OpenAI fetches it.
    case url(String)
    /// Sent inline. `type` is a media type such as `image/jpeg`.
    case data(type: String, bytes: [UInt8])
}

/// Builds the bytes directly, in one fixed order, because inlined images are too large for a tree of values.
struct ResponsesBody {
    var model: ModelParameters
    /// A JSON string, escaped once because it is the same in every line of a batch.
    var instructions: [UInt8]
    /// Untrusted data as a JSON document, because no text can break out of its quoting.
    var data: JSONValue
    var images: [ImageReference] = []
    /// `[a-zA-Z0-9_-]`, at most 64 characters.
    var formatName: String
    /// One string property each, all required, as a strict schema demands.
    var properties: [(name: String, description: String)]
    var maxOutputTokens: Int
    var extra = ExtraBody()

    /// The index of the first picture among the content parts; errors name a part by its index.
    static let firstPicturePart = 1

    var bytes: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(4096 + images.reduce(0) { $0 + $1.encodedSize })
        out.append(contentsOf: #"{"model":"#.utf8)
        JSONValue.writeString(model.name, to: &out)
        out.append(contentsOf: #","instructions":"#.utf8)
        out.append(contentsOf: instructions)
        out.append(contentsOf: #","input":[{"type":"message","role":"user","content":["#.utf8)
        appendContent(to: &out)
        out.append(contentsOf: #"]}],"text":"#.utf8)
        JSONValue.object([("format", format)]).write(to: &out)
        out.append(contentsOf: #","max_output_tokens":\#(maxOutputTokens),"store":false"#.utf8)
        let own = { !extra.names.contains($0) }
        if let effort = model.effort, own("reasoning") {
            out.append(contentsOf: #","reasoning":{"effort":"\#(effort.rawValue)"}"#.utf8)
        }
        if model.cachesExplicitly, own("prompt_cache_options") {
            out.append(contentsOf: #","prompt_cache_options":{"mode":"explicit"}"#.utf8)
        }
        if let temperature = model.temperature, own("temperature") {
            out.append(contentsOf: #","temperature":\#(temperature)"#.utf8)
        }
        extra.append(to: &out)
        out.append(UInt8(ascii: "}"))
        return out
    }

    private func appendContent(to out: inout [UInt8]) {
        out.append(contentsOf: #"{"type":"input_text","text":"#.utf8)
        JSONValue.writeString(data.text, to: &out)
        out.append(UInt8(ascii: "}"))
        for image in images {
            out.append(contentsOf: #",{"type":"input_image","image_url":"#.utf8)
            image.append(to: &out)
            // The API's newer schema requires `detail`, the older one does not: always send it.
            out.append(contentsOf: #","detail":"\#(model.imageDetail.rawValue)"}"#.utf8)
        }
    }

    private var format: JSONValue {
        let members = properties.map {
            ($0.name, ["type": "string", "description": .string($0.description)] as JSONValue)
        }
        return [
            "type": "json_schema",
            "name": .string(formatName),
            "strict": true,
            "schema": [
                "type": "object",
                "properties": .object(members),
                "required": JSONValue(properties.map(\.name)),
                "additionalProperties": false,
            ],
        ]
    }
}

extension ImageReference {
    /// Bytes that the image takes in a body, including its quotes; a URL's escapes are not counted.
    public var encodedSize: Int {
        switch self {
        case .url(let url): url.utf8.count + 64
        case .data(let type, let bytes): (bytes.count + 2) / 3 * 4 + type.utf8.count + 80
        }
    }

    fileprivate func append(to out: inout [UInt8]) {
        switch self {
        case .url(let url): JSONValue.writeString(WireURL.text(url), to: &out)
        case .data(let type, let bytes):
            out.append(contentsOf: #""data:\#(type);base64,"#.utf8)
            Base64.append(bytes, to: &out)
            out.append(UInt8(ascii: "\""))
        }
    }
}
