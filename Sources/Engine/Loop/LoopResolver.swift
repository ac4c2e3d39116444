// Resolves host names to addresses on libuv's thread pool. Frees: the request and the address list, in the callback.
// Thread: the loop's; the blocking lookup runs on the pool.
import CShims
import Glibc

/// Resolves host names without blocking the loop.
public enum LoopResolver {
    /// Most addresses returned per name.
    static let addressesMax = 8

    private final class Look: LoopObject<uv_getaddrinfo_t> {
        let done: ([String]) -> Void
        init(_ done: @escaping ([String]) -> Void) { self.done = done }
    }

    /// Looks up `host` and calls `done` on the loop, in a later turn, with its numeric addresses in the system's
    /// order of preference; with none if it cannot be resolved. A lookup cannot be cancelled: the loop does not end
    /// before its callback. Loop thread.
    public static func addresses(of host: String, on loop: Loop, _ done: @escaping ([String]) -> Void) {
        loop.assertOnLoop()
        let look = Look(done)
        look.hold()
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        let refused = uv_getaddrinfo(
            loop.uv, look.raw,
            { request, status, list in
                let look = Look.taken(from: request)
                let found = status == 0 ? LoopResolver.numeric(list) : []
                uv_freeaddrinfo(list)
                look.done(found)
            }, host, nil, &hints)
        guard refused != 0 else { return }
        look.release()
        loop.later { done([]) }
    }

    static func numeric(_ list: UnsafeMutablePointer<addrinfo>?) -> [String] {
        var found: [String] = []
        var next = list
        while let entry = next, found.count < addressesMax {
            next = entry.pointee.ai_next
            var text = [CChar](repeating: 0, count: 64)
            guard uv_ip_name(entry.pointee.ai_addr, &text, text.count) == 0 else { continue }
            let address = String(cBuffer: text)
            if !found.contains(address) { found.append(address) }
        }
        return found
    }
}
