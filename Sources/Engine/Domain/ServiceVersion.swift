// The release's version and the names under which the service introduces itself. Pure; any thread.

public enum ServiceVersion {
    /// The content of the file `VERSION` at the root of the repository; a test compares the two.
    public static let full = "2.0.0"
    /// The first two numbers, `2.0`.
    public static let majorMinor = full.split(separator: ".").prefix(2).joined(separator: ".")
}

public enum UserAgent {
    /// Of requests to the provider and to image hosts.
    public static let outbound = "generation-service/\(ServiceVersion.full)"
    /// Of webhooks; the API document names it.
    public static let webhook = "Generation-Service/\(ServiceVersion.majorMinor)"
}
