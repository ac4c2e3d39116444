// Headers of every page: the sources that it may load from. Constants and pure.

enum WebHeaders {
    /// A page may use the service's own style sheet, scripts, pictures and addresses, and nothing from elsewhere. Text
    /// cannot become script, even by a mistake in our own scripts (Trusted Types).
    /// - Parameter images: more origins whose pictures this one page may show.
    static func policy(images: [String] = []) -> String {
        let pictures = (["'self'"] + images).joined(separator: " ")
        return "default-src 'none'; script-src 'self'; style-src 'self'; img-src \(pictures); connect-src 'self'; "
            + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
            + "trusted-types 'none'"
    }

    /// - Parameter images: see ``policy(images:)``.
    static func page(images: [String] = []) -> [(String, String)] {
        [
            ("Content-Security-Policy", policy(images: images)),
            // Not `no-referrer`: browsers would then hide the origin of our own forms, too.
            ("Referrer-Policy", "same-origin"),
            ("X-Frame-Options", "DENY"),
        ]
    }

    /// Keeps browsers and proxies from storing pages of signed-in users.
    static let kept = [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]
}
