// Further members of every request body (`OPENAI_EXTRA_BODY`), such as `service_tier` or OpenRouter's `provider`. Pure.

/// Members that are added to the body of each direct call and each batch line.
public struct ExtraBody: Sendable, Equatable {
    /// The added names.
    public let names: Set<String>
    /// `,"name":value` for each member.
    private let bytes: [UInt8]

    /// Longest text, bytes: it stands in each of 50,000 lines.
    static let bytesMax = 4096

    /// Members that decide what is asked and how the answer is read. The service sets them, or relies on their absence.
    public static let refused: Set<String> = [
        "background", "background_options", "context_management", "conversation", "include", "input", "instructions",
        "max_output_tokens", "max_tool_calls", "model", "parallel_tool_calls", "previous_response_id", "prompt",
        "store",
        "stream", "stream_options", "text", "tool_choice", "tools",
    ]

    /// Adds nothing.
    public init() { (names, bytes) = ([], []) }

    /// - Parameter text: a JSON object.
    public init(parsing text: String) throws(InvalidSetting) {
        guard text.utf8.count <= Self.bytesMax else {
            throw InvalidSetting("must not be longer than \(Self.bytesMax) bytes")
        }
        guard case .object(let members)? = try? JSONValue.parse(Array(text.utf8)) else {
            throw InvalidSetting("must be a JSON object such as {\"service_tier\": \"flex\"}")
        }
        let names = members.map(\.0)
        if let name = names.sorted().first(where: Self.refused.contains) {
            throw InvalidSetting("must not contain \(name): the service sets it")
        }
        guard Set(names).count == names.count else { throw InvalidSetting("contains a member twice") }
        self.names = Set(names)
        var bytes: [UInt8] = []
        for (name, value) in members {
            bytes.append(UInt8(ascii: ","))
            JSONValue.writeString(name, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            value.write(to: &bytes)
        }
        self.bytes = bytes
    }

    /// Appends the members to an object that has at least one member and is still open.
    func append(to body: inout [UInt8]) { body.append(contentsOf: bytes) }
}
