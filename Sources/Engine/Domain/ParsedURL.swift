// A URL as curl reads it: curl's URL parser as a value. Pure. Frees: the parser's handle and texts, within `init`.
import CShims

/// The parts of a URL that decide where a connection goes.
package struct ParsedURL {
    package enum Failure: Error, Equatable { case credentials, noHost, badHost, badPort, malformed }

    /// Lower case, as curl returns it.
    package let scheme: String
    /// A name in its ASCII form, an IPv4 address as four numbers, or an IPv6 address in brackets.
    package let host: String
    let port: Int
    let hasZone: Bool

    package init(_ text: String) throws(Failure) {
        guard let handle = curl_url() else { throw .malformed }
        defer { curl_url_cleanup(handle) }
        switch curl_url_set(handle, CURLUPART_URL, text, UInt32(CURLU_DISALLOW_USER)) {
        case CURLUE_OK: break
        case CURLUE_USER_NOT_ALLOWED: throw .credentials
        case CURLUE_NO_HOST: throw .noHost
        case CURLUE_BAD_PORT_NUMBER: throw .badPort
        default: throw .malformed  // every other code of curl means a malformed text
        }
        scheme = ParsedURL.part(handle, CURLUPART_SCHEME) ?? ""
        hasZone = ParsedURL.part(handle, CURLUPART_ZONEID) != nil
        port = ParsedURL.part(handle, CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT)).flatMap { Int($0) } ?? 0
        if port == 0 { throw .badPort }
        let host = UTF8Locale.within { ParsedURL.part(handle, CURLUPART_HOST, UInt32(CURLU_PUNYCODE)) }
        guard let host else { throw .badHost }
        self.host = host
    }

    /// Resolves a `Location` header against `base`. Returns nil if that fails. The result may have any scheme.
    static func resolve(_ location: String, against base: String) -> String? {
        guard let handle = curl_url() else { return nil }
        defer { curl_url_cleanup(handle) }
        guard curl_url_set(handle, CURLUPART_URL, base, 0) == CURLUE_OK,
            curl_url_set(handle, CURLUPART_URL, location, UInt32(CURLU_URLENCODE | CURLU_ALLOW_SPACE)) == CURLUE_OK
        else { return nil }
        return part(handle, CURLUPART_URL)
    }

    private static func part(_ handle: OpaquePointer, _ part: CURLUPart, _ flags: UInt32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        // Freed after a failure too: curl returns a host even if it then fails to convert it to ASCII.
        defer { curl_free(text) }
        guard curl_url_get(handle, part, &text, flags) == CURLUE_OK, let text else { return nil }
        return String(cString: text)
    }
}
