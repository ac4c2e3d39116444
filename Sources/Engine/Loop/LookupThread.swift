// Host names to addresses, each look-up on a thread of its own. `LoopResolver` has libuv's few threads, which files and
// the database's names share; a name from outside whose servers are silent would hold one of those for half a minute.
// Frees: the address list, on the thread. Thread: `start` the loop's, the look-up its own.
import CShims
import Glibc

public enum LookupThread {
    /// Calls `done` on the loop, in a later turn, with the numeric addresses of `host` in the system's order of
    /// preference; none if it cannot be resolved. It cannot be taken back; a loop that ends meanwhile does not wait for
    /// it, and `done` is not called. The caller bounds how many there are at a time. Any thread.
    /// - Returns: false: the system has no thread left, and `done` is not called.
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
