// A client on bare sockets: sends bytes and reads until the end. It blocks; thread: any but a loop's.

import Glibc

package enum RawClient {
    /// Longest wait for a byte, in seconds.
    private static let patience = 20

    /// Sends `bytes`, cut at `cuts`, ends its side and reads to the end.
    /// - Returns: nil after a wait that is too long.
    package static func exchange(_ bytes: [UInt8], cuts: [Int], port: Int) -> [UInt8]? {
        guard let socket = connected(to: port) else { fatalError("cannot connect: \(errno)") }
        defer { close(socket) }
        var start = 0
        for end in cuts + [bytes.count] {
            send(bytes[start..<end], to: socket)
            start = end
        }
        shutdown(socket, Int32(SHUT_WR))
        return readToEnd(socket)
    }

    private static func connected(to port: Int) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var patience = timeval(tv_sec: patience, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                let result = again { connect(descriptor, raw, socklen_t(MemoryLayout<sockaddr_in>.size)) }
                // A connect that a signal interrupts continues in the background.
                return result == 0 || errno == EISCONN
            }
        }
        if isConnected { return descriptor }
        close(descriptor)
        return nil
    }

    /// The server may have closed already: its reply can still be read.
    private static func send(_ bytes: ArraySlice<UInt8>, to socket: Int32) {
        var rest = bytes
        while !rest.isEmpty {
            let sent = again {
                rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            }
            guard sent > 0 else { return }
            rest = rest.dropFirst(sent)
        }
    }

    private static func readToEnd(_ socket: Int32) -> [UInt8]? {
        var out: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = again { recv(socket, &buffer, buffer.count, 0) }
            if count == 0 { return out }
            guard count > 0 else { return errno == ECONNRESET ? out : nil }
            out += buffer[..<count]
        }
    }

    /// libFuzzer has a timer, whose signals interrupt calls.
    private static func again<Number: SignedInteger>(_ call: () -> Number) -> Number {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR && errno != EALREADY { return result }
        }
    }
}
