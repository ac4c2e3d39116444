// The reason why an exchange with an external host has no answer. A value; any thread.
import CShims

/// An exchange that ended without a complete answer. An answer with an error status is not an error.
public struct OutboundError: Error, Equatable, Sendable {
    public enum Kind: Equatable, Sendable {
        /// The URL, or a redirect's target, is not a valid http(s) URL; or a header cannot be sent.
        case invalidURL
        /// C7: every address of the host is forbidden.
        case forbiddenAddress
        case resolveFailed
        case connectFailed
        case tlsFailed
        case timedOut
        /// The answer has more bytes than the caller allows.
        case tooLarge
        case tooManyRedirects
        /// The connection broke, or the answer was not HTTP.
        case interrupted
        /// The request's own body failed or had a different length than announced.
        case sourceFailed
        /// The waiting task was cancelled or the client was closed.
        case cancelled
    }

    public let kind: Kind
    /// English text that names the host at most. Paths and queries can be secrets (a
    /// webhook's token), so they are left out.
    public let message: String
    /// True once a byte of the request was sent: the receiver may have acted on it.
    public let mayHaveArrived: Bool

    public init(_ kind: Kind, _ message: String, mayHaveArrived: Bool) {
        self.kind = kind
        self.message = message
        self.mayHaveArrived = mayHaveArrived
    }
}

extension OutboundError {
    /// Converts curl's result. `verdict`, found by the callbacks, takes precedence. The message shows `host`.
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
        default: .interrupted  // curl's other codes occur on an open connection
        }
    }
}
