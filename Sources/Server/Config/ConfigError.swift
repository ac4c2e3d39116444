// Every mistake in the settings at once. A value; any thread.

/// The settings cannot be used; says why, naming each variable and never a secret's value (C8).
public struct ConfigError: Error, Equatable, Sendable, CustomStringConvertible {
    public let problems: [String]

    public init(problems: [String]) { self.problems = problems }

    public var description: String {
        (["The settings cannot be used:"] + problems.map { "  - \($0)" }).joined(separator: "\n")
    }
}
