// A listening socket that must not get a connection. Thread: any.
import Glibc

/// Frees: its descriptor, in `deinit`.
public final class SilentListener: Sendable {
    public let port: Int
    private let descriptor: Int32

    public struct NoPort: Error {}

    /// - Parameter other: a port that is already bound at another address, to bind on 127.0.0.1 only; nil: a free port
    /// of all addresses of this machine.
    public init(besides other: Int? = nil) throws {
        // An IPv6 socket that accepts IPv4, so that it serves `::1` and all of 127.0.0.0/8.
        descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var off: Int32 = 0
        setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        if let other {
            address.sin6_port = UInt16(other).bigEndian
            inet_pton(AF_INET6, "::ffff:127.0.0.1", &address.sin6_addr)
        }
        var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let length = size
        let (descriptor, isBound) = withUnsafeMutablePointer(to: &address) { [descriptor] pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                let isBound =
                    bind(descriptor, raw, length) == 0 && listen(descriptor, 128) == 0
                    && getsockname(descriptor, raw, &size) == 0
                return (descriptor, isBound)
            }
        }
        port = Int(UInt16(bigEndian: address.sin6_port))
        guard isBound else {
            close(descriptor)
            throw NoPort()
        }
    }

    deinit { close(descriptor) }

    /// True if a client has connected; the kernel keeps closed connections in the queue too.
    public var wasConnectedTo: Bool {
        let connection = accept(descriptor, nil, nil)
        if connection >= 0 { close(connection) }
        return connection >= 0
    }
}
