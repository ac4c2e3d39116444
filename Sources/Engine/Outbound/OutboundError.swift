// Why an exchange with the outside has no answer. A value; any thread.
import CShims

/// An exchange that ended without a whole answer. An answer with an error status is an answer, not an error.
public struct OutboundError: Error, Equatable, Sendable {
    public enum Kind: Equatable, Sendable {
        /// Not http(s), or not a URL; also a redirect to such a one, and a header that cannot be sent.
        case invalidURL
        /// C7: every address of the host is forbidden.
        case forbiddenAddress
        case resolveFailed
        case connectFailed
        case tlsFailed
        case timedOut
        /// More bytes than the caller's bound.
        case tooLarge
        case tooManyRedirects
        /// The connection broke, or what came over it was not HTTP.
        case interrupted
        /// The request's own body failed or had another length than was said.
        case sourceFailed
        /// The waiting task was cancelled or the client was closed.
        case cancelled
    }

    public let kind: Kind
    /// In English, with the host at most: neither path nor query, which may be secrets (a webhook's token), nor values.
    public let message: String
    /// True once a byte of the request was sent: the other side may have acted on it.
    public let mayHaveArrived: Bool

    public init(_ kind: Kind, _ message: String, mayHaveArrived: Bool) {
        self.kind = kind
        self.message = message
        self.mayHaveArrived = mayHaveArrived
    }
}

extension OutboundError {
    /// What curl's result means; `verdict` is what our own callbacks found, and comes first. `host` is shown.
    static func of(_ code: CURLcode, verdict: Kind?, host: String, mayHaveArrived: Bool) -> OutboundError {
        if verdict == .forbiddenAddress {
            return OutboundError(.forbiddenAddress, "\(host): its address is forbidden", mayHaveArrived: mayHaveArrived)
        }
        if verdict == .tooLarge || code == CURLE_FILESIZE_EXCEEDED {
            return OutboundError(.tooLarge, "\(host): the answer is too large", mayHaveArrived: mayHaveArrived)
        }
        let text = curl_easy_strerror(code).map { String(cString: $0) } ?? "error \(code.rawValue)"
        return OutboundError(kind(code), "\(host): \(text)", mayHaveArrived: mayHaveArrived)
    }

    private static func kind(_ code: CURLcode) -> Kind {
        switch code {
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_LOGIN_DENIED: .invalidURL
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .resolveFailed
        case CURLE_COULDNT_CONNECT: .connectFailed
        case CURLE_OPERATION_TIMEDOUT: .timedOut
        case CURLE_FILESIZE_EXCEEDED: .tooLarge
        case CURLE_TOO_MANY_REDIRECTS: .tooManyRedirects
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS:
            .tlsFailed
        default: .interrupted  // curl's codes, not ours: what is left happens on an open connection
        }
    }
}
