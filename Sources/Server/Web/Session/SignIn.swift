// Signs users in with the shared key, and out again. Loop-bound.
import Engine
import Logging

enum SignIn {
    /// Most attempts of a client per minute.
    static let attemptsMax = 10

    static var limits: RateLimits {
        var limits = RateLimits()
        limits.synchronous = attemptsMax
        return limits
    }

    /// Returns the path to open after signing in: `next` if it is a page of this service.
    static func target(_ next: String?) -> String {
        // `//host` and `/\host` lead to another host.
        guard let next, next.hasPrefix("/"), next.utf8.count <= 1024,
            !next.dropFirst().hasPrefix("/"), !next.contains("\\"), next.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return "/jobs" }
        return next
    }

    /// Answers a request without a session: browsers get the form, programs get an error.
    static func demand(_ call: Call) {
        guard call.wantsPage else {
            return call.fail(ServiceError(.missingSignature, "Not signed in; sign in at /sign-in first"))
        }
        let head = call.exchange.head
        let next = head.isMethod("GET") ? "?next=" + encoded(head.target) : ""
        call.redirect("/sign-in" + next)
    }

    static func show(_ call: Call, _ services: WebServices) {
        let next = (try? QueryParameters(call.exchange.head.query)).flatMap { (try? $0.text("next")) ?? nil }
        if services.session(of: call) != nil { return call.redirect(target(next)) }
        page(call, 200, next: next, problem: nil)
    }

    static func attempt(_ call: Call, _ services: WebServices) async throws {
        guard let form = try await Form.read(call, limit: Form.bytesMax) else { return }
        let (log, now) = (call.services.log, call.services.clock.now())
        guard form.isOurs else {
            return page(call, 403, next: nil, problem: "The form was not sent by this page. Try again.")
        }
        if case .refused(let standing) = services.shared.signIns.admit(call.client, .synchronous) {
            let seconds = max(1, standing.resetSeconds)
            log.warning("sign-in refused: too many attempts", metadata: ["client": "\(call.client)"])
            return page(
                call, 429, next: form["next"], problem: "Too many attempts. Wait \(seconds) seconds.",
                headers: [("Retry-After", String(seconds))])
        }
        guard let opened = services.sessions.open(with: form["key"] ?? "", now: now) else {
            log.warning("sign-in failed", metadata: ["client": "\(call.client)"])
            return page(call, 403, next: form["next"], problem: "That is not the shared key.")
        }
        log.info("signed in", metadata: ["client": "\(call.client)"])
        call.redirect(
            target(form["next"]), headers: [SessionCookie.set(opened.token, isSecure: call.isSecure)])
    }

    static func signOut(_ web: WebCall) {
        web.call.redirect("/", headers: [SessionCookie.clear(isSecure: web.call.isSecure)])
    }

    private static func page(
        _ call: Call, _ status: Int, next: String?, problem: String?, headers: [(String, String)] = []
    ) {
        let page = WebPage.make("Sign in", section: nil) { html in
            html.element("h1", "Sign in")
            if let problem { html.element("p", ["class": "problem", "role": "alert"], problem) }
            html.element("form", ["method": "post", "action": "/sign-in", "class": "narrow"]) { html in
                html.void("input", ["type": "hidden", "name": "next", "value": target(next)])
                html.element("label", ["for": "key"], "Shared key")
                html.void(
                    "input",
                    [
                        "type": "password", "id": "key", "name": "key", "required": "",
                        "autocomplete": "current-password", "autofocus": "",
                    ])
                html.element("p", ["class": "soft"], "The same key that signs the API's requests (SHARED_KEY).")
                html.element("button", ["type": "submit"], "Sign in")
            }
        }
        call.show(status, page, headers: headers)
    }

    /// Percent-encodes a value for a query.
    static func encoded(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            if ASCII.isLetterOrDigit(byte) || "-._~/".utf8.contains(byte) {
                out.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                out += "%" + Hex.text([byte]).uppercased()
            }
        }
        return out
    }
}
