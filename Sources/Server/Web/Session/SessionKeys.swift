// Sessions of the web interface: the shared key opens one, a signed cookie carries it. The server stores nothing of a
// session, so any instance with the same settings accepts it. Pure values. Thread: any.
import Engine

/// An open session.
struct WebSession: Equatable, Sendable {
    /// 32 hexadecimal digits.
    let id: String
    let expires: Timestamp
    /// Token in every form of the session, so that no other site can send a form in the user's name.
    let csrf: String

    /// Whether `token` is the session's own, compared in constant time.
    func owns(_ token: String?) -> Bool {
        guard let token = token.flatMap({ Digest(hex: Array($0.utf8)) }), let own = Digest(hex: Array(csrf.utf8)) else {
            return false
        }
        return token == own
    }
}

/// The keys that sign sessions: one for each shared key. So a session ends with the shared key that opened it, and all
/// sessions end with `SESSION_SECRET` (C8).
struct SessionKeys: Sendable {
    /// Lifetime of a session, seconds; it is never extended.
    static let lifetimeSeconds = 8 * 3600

    private let shared: [Digest]
    private let signing: [KeyedHash]

    /// - Parameters:
    ///   - secret: `SESSION_SECRET`. Without it the shared keys sign, so any holder of one could sign a session.
    ///   - shared: `SHARED_KEY`, and `SHARED_KEY_PREVIOUS` while it is accepted.
    init(secret: String?, shared: [String]) {
        self.shared = shared.map(SessionKeys.hash)
        signing = shared.map { key in
            let root = KeyedHash(key: Array((secret ?? key).utf8))
            return KeyedHash(key: root.digest(of: Array("generation-service web session\n\(key)".utf8)).array)
        }
    }

    private static func hash(_ text: String) -> Digest {
        var hash = ContentHash()
        hash.update(Array(text.utf8))
        return hash.finish()
    }

    /// Opens a session if `key` is a shared key. Every key is compared, in constant time.
    /// - Returns: nil if `key` is not a shared key.
    func open(with key: String, now: Timestamp) -> (session: WebSession, token: String)? {
        let given = SessionKeys.hash(key)
        let matches = shared.map { $0 == given }
        guard let place = matches.firstIndex(of: true) else { return nil }
        let id = Identifier.random().description.filter { $0 != "-" }
        let expires = Int(now.seconds) + SessionKeys.lifetimeSeconds
        return (
            session(id, expires, signing[place]), "\(id).\(expires).\(SessionKeys.mac(id, expires, signing[place]).hex)"
        )
    }

    /// Returns the session of a cookie's value; nil if this service did not sign it, or if it has expired.
    func find(_ token: String, now: Timestamp) -> WebSession? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].utf8.count == 32, parts[1].utf8.count <= 12, let expires = Int(parts[1]),
            let claim = Digest(hex: Array(parts[2].utf8))
        else { return nil }
        let id = String(parts[0])
        let matches = signing.map { SessionKeys.mac(id, expires, $0) == claim }
        guard let place = matches.firstIndex(of: true), Int(now.seconds) < expires else { return nil }
        return session(id, expires, signing[place])
    }

    private func session(_ id: String, _ expires: Int, _ key: KeyedHash) -> WebSession {
        WebSession(
            id: id, expires: Timestamp(seconds: Double(expires)), csrf: key.digest(of: Array("csrf \(id)".utf8)).hex)
    }

    private static func mac(_ id: String, _ expires: Int, _ key: KeyedHash) -> Digest {
        key.digest(of: Array("session \(id) \(expires)".utf8))
    }
}
