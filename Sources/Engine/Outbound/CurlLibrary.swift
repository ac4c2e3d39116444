// What curl wants once per process. Thread: any; Swift runs the initialiser once.
import CShims
import Glibc

enum CurlLibrary {
    /// Touch before the first handle is made. A broken connection must be an error and not a signal: curl leaves that
    /// to the program when `CURLOPT_NOSIGNAL` is set, and OpenSSL writes with plain `write`.
    static let isReady: Bool = {
        signal(SIGPIPE, SIG_IGN)
        return curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
    }()
}
