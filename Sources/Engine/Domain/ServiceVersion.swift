// The version of the release, and the service's user agents. Pure; any thread.

public enum ServiceVersion {
    /// The content of the file `VERSION` in the repository's root. A test compares them.
    public static let full = "2.0.0"
    /// The first two numbers, `2.0`.
    public static let majorMinor = full.split(separator: ".").prefix(2).joined(separator: ".")
}

public enum UserAgent {
    /// For requests to the provider and to image hosts.
    public static let outbound = "generation-service/\(ServiceVersion.full)"
    /// For webhooks. The API document specifies it.
    public static let webhook = "Generation-Service/\(ServiceVersion.majorMinor)"
}
