// A listening socket. Several loops and processes listen on one port; the kernel spreads the connections over them.
// Frees: the handle lives until its uv_close callback; the descriptor is the handle's once opened. Thread: the loop's.
import CShims
import Glibc

/// Accepts TCP connections on a loop. Close it when done.
public final class TCPListener {
    /// Connections that the kernel holds before they are accepted; capped by `net.core.somaxconn`.
    static let backlog: Int32 = 4096

    private let box: Box
    /// The listening port; the kernel's choice if 0 was requested.
    public let port: Int

    private final class Box: Handle<uv_tcp_t> {
        unowned let loop: Loop
        var accepted: ((TCPStream) -> Void)?
        init(_ loop: Loop) { self.loop = loop }
        override func forget() { accepted = nil }
    }

    /// Binds and listens. `accepted` receives each connection. Loop thread.
    /// - Parameter shared: lets other sockets with the same flag listen on this port.
    public init(
        on loop: Loop, address: SocketAddress, shared: Bool = true, accepted: @escaping (TCPStream) -> Void
    ) throws(SystemError) {
        loop.assertOnLoop()
        let descriptor = try TCPListener.boundSocket(address, shared: shared)
        box = Box(loop)
        box.accepted = accepted
        uv_tcp_init(loop.uv, box.raw)
        box.opened()
        let handle = box.raw
        var failure = uv_tcp_open(handle, descriptor)
        if failure != 0 { Glibc.close(descriptor) }
        if failure == 0 { failure = uv_listen(shim_stream(handle), TCPListener.backlog, TCPListener.connected) }
        port = SocketAddress.filled { uv_tcp_getsockname(handle, $0, $1) }?.port ?? 0
        guard failure == 0 else {
            close()
            throw SystemError(failure, "listen")
        }
    }

    deinit { close() }

    /// Accepts the connections already in the backlog, then closes. Closing first would reset them.
    public func retire() {
        takeWaiting()
        close()
    }

    private func takeWaiting() {
        guard !box.isClosed, let accepted = box.accepted else { return }
        var descriptor: uv_os_fd_t = -1
        guard uv_fileno(box.base, &descriptor) == 0 else { return }
        for _ in 0..<TCPListener.backlog {
            let connected = accept(descriptor, nil, nil)
            if connected < 0, errno == EINTR || errno == ECONNABORTED { continue }
            guard connected >= 0 else { return }
            _ = fcntl(connected, F_SETFD, FD_CLOEXEC)
            let stream = TCPStream(on: box.loop)
            if stream.adopt(connected) { accepted(stream) } else { stream.close() }
        }
    }

    public func close() { box.close() }

    private static let connected: uv_connection_cb = { server, status in
        let box = Box.of(server)
        // A failed accept (no descriptor left, client gone) loses only that connection.
        guard status == 0, let accepted = box.accepted else { return }
        let stream = TCPStream(on: box.loop)
        guard stream.accept(from: server!) else { return stream.close() }
        accepted(stream)
    }

    /// Creates the socket here, because libuv binds without SO_REUSEPORT.
    private static func boundSocket(_ address: SocketAddress, shared: Bool) throws(SystemError) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.family, kind, 0)
        guard descriptor >= 0 else { throw SystemError(-errno, "socket") }
        func set(_ level: Int32, _ option: Int32, _ value: Int32) {
            var value = value
            setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
        }
        set(SOL_SOCKET, SO_REUSEADDR, 1)
        if shared { set(SOL_SOCKET, SO_REUSEPORT, 1) }
        if address.family == AF_INET6 { set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
        guard address.withPointer({ bind(descriptor, $0, address.length) }) == 0 else {
            let failure = SystemError(-errno, "bind")
            Glibc.close(descriptor)
            throw failure
        }
        return descriptor
    }
}
