// The version of the release, and the service's user agents. Pure; any thread.

public enum ServiceVersion {
    /// The content of the file `VERSION` in the repository's root. A test compares them.
    public static let full = "2.0.0"
}

public enum UserAgent {
    /// For requests to the provider and to image hosts.
    public static let outbound = "generation-service/\(ServiceVersion.full)"
    /// For webhooks. The API document specifies it, so no release changes it (C6.1).
    public static let webhook = "Generation-Service/2.0"
}
