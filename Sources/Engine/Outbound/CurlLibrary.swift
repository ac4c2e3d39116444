// curl's initialisation, once per process. Thread: any; Swift runs the initialiser once.
import CShims
import Glibc

enum CurlLibrary {
    /// Read this before the first handle is created. A broken connection must be an error instead of a signal: with
    /// `CURLOPT_NOSIGNAL` curl leaves SIGPIPE to the program, and OpenSSL uses plain `write`.
    static let isReady: Bool = {
        signal(SIGPIPE, SIG_IGN)
        return curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
    }()
}
