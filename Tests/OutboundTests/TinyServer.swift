// A server for tests that controls every byte: one POSIX thread per connection, blocking sockets.
import Engine
import Foundation

/// Listens on 127.0.0.1; `serve` runs on a new thread per connection, which is closed when it returns.
final class TinyServer: Sendable {
    let port: Int
    private let listener: Int32
    private let isStopped = Lock(false)
    private let accepted = Lock(0)
    private let open = Lock((now: 0, most: 0))

    init(_ serve: @escaping @Sendable (TinyConnection) -> Void) {
        let listening = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let length = size
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                bind(listening, raw, length) == 0 && listen(listening, 512) == 0
                    && getsockname(listening, raw, &size) == 0
            }
        }
        precondition(bound, "no free port for a test's server")
        port = Int(UInt16(bigEndian: address.sin_port))
        listener = listening
        let (isStopped, accepted, open) = (isStopped, accepted, open)
        Thread.detachNewThread {
            while true {
                let socket = accept(listening, nil, nil)
                guard socket >= 0 else {
                    guard isStopped.withLock({ $0 }) else { continue }  // disconnected, or no free descriptor
                    Foundation.close(listening)
                    return
                }
                accepted.withLock { $0 += 1 }
                open.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                Thread.detachNewThread {
                    let connection = TinyConnection(socket)
                    serve(connection)
                    open.withLock { $0.now -= 1 }
                    connection.close()
                }
            }
        }
    }

    /// Answers every request on every connection with `reply`.
    static func answering(_ reply: @escaping @Sendable (TinyRequest) -> String) -> TinyServer {
        TinyServer { connection in
            while let request = connection.readRequest() { connection.write(reply(request)) }
        }
    }

    deinit { stop() }

    /// Refuses connections from now on; the accepting thread closes the descriptor. Idempotent, because its number may
    /// then belong to another test's listener, which must not be shut down.
    func stop() {
        isStopped.withLock { isStopped in
            if !isStopped { shutdown(listener, Int32(SHUT_RDWR)) }
            isStopped = true
        }
    }

    var url: String { "http://127.0.0.1:\(port)" }
    var connections: Int { accepted.withLock { $0 } }
    var openConnections: Int { open.withLock { $0.now } }
    var mostAtOnce: Int { open.withLock { $0.most } }
}

struct TinyRequest: Sendable {
    var head: String
    var body: [UInt8]
    var line: String { head.split(separator: "\r\n").first.map(String.init) ?? "" }
    var path: String { line.split(separator: " ").dropFirst().first.map(String.init) ?? "" }
    func header(_ name: String) -> String? {
        head.split(separator: "\r\n").dropFirst()
            .first { $0.lowercased().hasPrefix(name.lowercased() + ":") }
            .map { $0.drop { $0 != ":" }.dropFirst().trimmingCharacters(in: .whitespaces) }
    }
}

/// The server's side of one connection. Used by its one thread.
final class TinyConnection {
    private let socket: Int32
    private var pending: [UInt8] = []
    /// Bytes received together with the head.
    var pendingCount: Int { pending.count }

    init(_ socket: Int32) { self.socket = socket }

    /// nil at the end of the connection.
    func readHead() -> String? {
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let at = pending.indices.first(where: { pending[$0...].starts(with: end) }) {
                let head = String(decoding: pending[..<at], as: UTF8.self)
                pending.removeFirst(at + 4)
                return head
            }
            guard let more = readSome() else { return nil }
            pending += more
        }
    }

    func readRequest() -> TinyRequest? {
        guard let head = readHead() else { return nil }
        var request = TinyRequest(head: head, body: [])
        let length = request.header("content-length").flatMap(Int.init) ?? 0
        while pending.count < length {
            guard let more = readSome() else { return nil }
            pending += more
        }
        request.body = Array(pending.prefix(length))
        pending.removeFirst(length)
        return request
    }

    /// nil at the end of the connection.
    func readSome(_ most: Int = 65_536) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: most)
        let count = recv(socket, &bytes, most, 0)
        return count > 0 ? Array(bytes[..<count]) : nil
    }

    /// Waits until the client has closed; drops further bytes.
    func waitForClose() {
        while readSome() != nil {}
    }

    /// False if the client has disconnected.
    @discardableResult func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    @discardableResult func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    /// Ends the connection with a reset instead of an orderly end.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Foundation.linger>.size))
    }

    func close() { Foundation.close(socket) }
}

/// An answer with `Content-Length`.
func plain(_ body: String, status: String = "200 OK", _ headers: String = "") -> String {
    "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)"
}
