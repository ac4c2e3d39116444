// All mistakes in the settings at once. A value; any thread.

/// The settings cannot be used. The description names each variable and its mistake, and no secret's value (C8).
public struct ConfigError: Error, Equatable, Sendable, CustomStringConvertible {
    public let problems: [String]

    public init(problems: [String]) { self.problems = problems }

    public var description: String {
        (["The settings cannot be used:"] + problems.map { "  - \($0)" }).joined(separator: "\n")
    }
}
