// A setting whose text cannot be used. A value; any thread.

/// The text says what is wrong, without the variable's name and without any part of its value, which may be a secret.
public struct InvalidSetting: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
