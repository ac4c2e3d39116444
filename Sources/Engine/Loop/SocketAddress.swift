// A numeric address and port in the form of the socket calls. A value; any thread.
import CShims
import Glibc

/// An IPv4 or IPv6 address with a port. Names are not resolved, because that would block.
public struct SocketAddress: Sendable {
    var storage: sockaddr_storage

    /// Takes a numeric address, with or without IPv6 brackets, or `localhost`. Returns nil for anything else.
    public init?(host: String, port: Int) {
        guard (0...65_535).contains(port) else { return nil }
        var text = host == "localhost" ? "127.0.0.1" : host
        if text.hasPrefix("["), text.hasSuffix("]") { text = String(text.dropFirst().dropLast()) }
        storage = sockaddr_storage()
        let parsed = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { uv_ip4_addr(text, Int32(port), $0) } == 0
                || pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { uv_ip6_addr(text, Int32(port), $0) }
                    == 0
        }
        if !parsed { return nil }
    }

    private init(storage: sockaddr_storage) { self.storage = storage }

    var family: Int32 { Int32(storage.ss_family) }

    var length: socklen_t {
        socklen_t(family == AF_INET6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size)
    }

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>) -> Result) -> Result {
        withUnsafePointer(to: storage) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body) }
    }

    /// Fills an address through one of the `get...name` calls, which return 0 on success.
    static func filled(by call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<Int32>) -> Int32)
        -> SocketAddress?
    {
        var storage = sockaddr_storage()
        var size = Int32(MemoryLayout<sockaddr_storage>.size)
        let failure = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, &size) }
        }
        return failure == 0 ? SocketAddress(storage: storage) : nil
    }

    public var port: Int {
        withUnsafePointer(to: storage) { pointer in
            // sin_port and sin6_port have the same offset.
            pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { Int(UInt16(bigEndian: $0.pointee.sin_port)) }
        }
    }

    /// The numeric address without its port. An IPv4 client of a dual-stack socket appears as IPv4.
    public var host: String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let failure = withPointer { uv_ip_name($0, &buffer, buffer.count) }
        guard failure == 0 else { return "" }
        let text = String(cBuffer: buffer)
        return text.hasPrefix("::ffff:") && text.contains(".") ? String(text.dropFirst(7)) : text
    }
}

/// The reason why a socket or file call failed. `code` is libuv's: a negative errno.
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    public let code: Int32
    /// Name of the failed call.
    public let call: String

    public init(_ code: Int32, _ call: String) {
        self.code = code
        self.call = call
    }

    public var description: String {
        var name = [CChar](repeating: 0, count: 128)
        uv_strerror_r(code, &name, name.count)
        return "\(call): \(String(cBuffer: name))"
    }
}
