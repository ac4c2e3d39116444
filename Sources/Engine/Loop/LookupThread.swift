// Resolves host names to addresses, each on a thread of its own. `LoopResolver` uses libuv's few threads, which also
// serve files and the database's host name; a name whose servers are silent would occupy one of those for 30 s.
// Frees: the address list, on the lookup thread. Thread: `start` on the loop's, the lookup on its own.
import CShims
import Glibc

public enum LookupThread {
    /// Looks up `host` and calls `done` on the loop, in a later turn, with its numeric addresses in the system's
    /// order of preference; with none if it cannot be resolved. A lookup cannot be cancelled. A loop that ends
    /// meanwhile does not wait for it and `done` is not called. The caller bounds the
    /// number of concurrent lookups. Any thread.
    /// - Returns: false if the system has no thread left; `done` is then not called.
    public static func start(
        _ host: String, on loop: Loop, _ done: @escaping @Sendable ([String]) -> Void
    ) -> Bool {
        DetachedThread.start {
            shim_name_thread("lookup")
            let found = addresses(of: host)
            loop.post { done(found) }
        }
    }

    private static func addresses(of host: String) -> [String] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        return LoopResolver.numeric(list)
    }
}
