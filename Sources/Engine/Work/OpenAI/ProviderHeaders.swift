// Further headers of every call to the provider (`OPENAI_HEADERS`). A value; any thread. Its description shows no
// header's value: each may be a secret.

/// Headers that a gateway wants, such as `api-key` (Azure) or `HTTP-Referer` (OpenRouter).
public struct ProviderHeaders: Sendable, Equatable {
    public struct Field: Sendable, Equatable {
        public let name: String
        public let value: String
    }

    public private(set) var fields: [Field] = []

    /// Shortest value that is hidden in foreign texts; shorter ones, such as `1`, stand in many texts by chance.
    static let secretCharacters = 8

    /// Names that the service itself needs, or that belong to the connection.
    private static let reserved: Set<String> = [
        "accept", "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "expect",
        "host", "keep-alive", "openai-organization", "openai-project", "proxy-authorization", "te", "trailer",
        "transfer-encoding", "upgrade", "x-client-request-id",
    ]

    public init() {}

    /// - Parameter text: `name: value; name: value`, or a JSON object of strings, for values with a semicolon.
    public init(parsing text: String) throws(InvalidSetting) {
        let pairs = text.hasPrefix("{") ? try Self.members(of: text) : try Self.list(text)
        for (name, value) in pairs {
            guard !name.isEmpty, OutboundHeaders.areSafe([(name, value)]), value.utf8.allSatisfy({ $0 >= 0x20 }) else {
                throw InvalidSetting("has a name or a value that a header cannot have")
            }
            guard !value.isEmpty else { throw InvalidSetting("has no value for \(name)") }
            guard !Self.reserved.contains(name.lowercased()) else {
                throw InvalidSetting("must not contain \(name): the service sets it")
            }
            guard first(name) == nil else { throw InvalidSetting("contains \(name) twice") }
            fields.append(Field(name: name, value: value))
        }
    }

    private static func members(of text: String) throws(InvalidSetting) -> [(String, String)] {
        guard case .object(let members)? = try? JSONValue.parse(Array(text.utf8)) else {
            throw InvalidSetting("begins like a JSON object and is none")
        }
        var pairs: [(String, String)] = []
        for (name, value) in members {
            guard let value = value.string else {
                throw InvalidSetting("must have texts as values, as in {\"api-key\": \"...\"}")
            }
            pairs.append((name, value))
        }
        return pairs
    }

    private static func list(_ text: String) throws(InvalidSetting) -> [(String, String)] {
        var pairs: [(String, String)] = []
        for part in text.split(separator: ";") where part.contains(where: { !$0.isWhitespace }) {
            guard let colon = part.firstIndex(of: ":") else {
                throw InvalidSetting("must have the form \"name: value; name: value\", or be a JSON object")
            }
            pairs.append((part[..<colon].trimmed, part[part.index(after: colon)...].trimmed))
        }
        return pairs
    }

    func first(_ name: String) -> Field? { fields.first { OutboundHeaders.equal($0.name, name) } }

    /// The header that names the account; with it, no `Authorization` is made from the key. Azure refuses a request
    /// that has both `api-key` and a bearer token.
    public var credential: Field? { first("authorization") ?? first("api-key") }

    /// Texts to hide in foreign texts: each value, and its words (`Bearer abc`).
    var secrets: [String] {
        fields.flatMap { [$0.value] + $0.value.split(separator: " ").map(String.init) }
            .filter { $0.count >= Self.secretCharacters }
    }
}

extension ProviderHeaders: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "headers " + fields.map(\.name).joined(separator: ", ") }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["names": fields.map(\.name)]) }
}
