// The headers of every page: what it may load, and from where. Constants and pure.

enum WebHeaders {
    /// A page may use our own style sheet, scripts, pictures and addresses, and nothing from elsewhere. Text cannot
    /// become script, not even by a mistake of our own scripts (Trusted Types).
    /// - Parameter images: origins, besides ours, whose pictures this one page may show.
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
            // Not `no-referrer`: then browsers would not tell the origin of our own forms either.
            ("Referrer-Policy", "same-origin"),
            ("X-Frame-Options", "DENY"),
        ]
    }

    /// What is shown to those who have signed in is not to be kept by anybody.
    static let kept = [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]
}
