// A server with scripted answers over plain sockets, so that the client uses a real wire: cut replies, closed
// connections, silence. One thread, one connection at a time; `stop()` closes the sockets.
import Engine
import Foundation

final class ScriptedServer: Sendable {
    struct Request: Sendable {
        var method = ""
        var target = ""
        var headers: [(name: String, value: String)] = []
        var body: [UInt8] = []
        func header(_ name: String) -> String? { headers.first { $0.name == name.lowercased() }?.value }
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    enum Reply: Sendable {
        case json(_ status: Int, _ body: String, _ headers: [(String, String)] = [])
        /// Pieces of a body, each sent separately.
        case pieces(_ pieces: [String])
        /// Pieces that need not be text.
        case bytes(_ pieces: [[UInt8]])
        /// Announces more than it sends.
        case cutShort(_ body: String)
        /// Reads the request, sends nothing, closes.
        case hangUp
        /// Reads the request and keeps silent.
        case silence
    }

    private struct State {
        var script: [Reply]
        var requests: [Request] = []
        var silent: [Int32] = []
        var isStopped = false
    }

    private let listener: Int32
    private let state: Lock<State>
    let port: Int

    init(_ script: [Reply]) throws {
        state = Lock(State(script: script))
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(listener, pointer, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, pointer, &length) == 0
            }
        }
        guard bound else { throw POSIXError(.EADDRNOTAVAIL) }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [self] in serve() }
    }

    var baseURL: String { "http://127.0.0.1:\(port)/v1" }
    var requests: [Request] { state.withLock { $0.requests } }

    /// Idempotent: a closed listener's number may belong to another socket, which must not be shut down.
    func stop() {
        let silent = state.withLock { state -> [Int32]? in
            if state.isStopped { return nil }
            state.isStopped = true
            // Under the lock, so that it cannot be closed meanwhile.
            shutdown(listener, Int32(SHUT_RDWR))
            return state.silent
        }
        for socket in silent ?? [] { close(socket) }
    }

    private func serve() {
        while true {
            let connection = accept(listener, nil, nil)
            if connection >= 0 {
                handle(connection)
            } else if state.withLock({ $0.isStopped }) {
                return _ = close(listener)
            }
        }
    }

    private func handle(_ connection: Int32) {
        guard let request = read(connection) else {
            close(connection)
            return
        }
        let reply = state.withLock { state in
            state.requests.append(request)
            return state.script.isEmpty ? Reply.json(599, "the script is at its end") : state.script.removeFirst()
        }
        switch reply {
        case .json(let status, let body, let headers):
            let lines = headers.map { "\($0.0): \($0.1)\r\n" }.joined()
            send(connection, head(status, length: body.utf8.count, lines) + body)
        case .pieces(let pieces):
            send(connection, head(200, length: pieces.reduce(0) { $0 + $1.utf8.count }))
            for piece in pieces { send(connection, piece) }
        case .bytes(let pieces):
            send(connection, head(200, length: pieces.reduce(0) { $0 + $1.count }))
            for piece in pieces { send(connection, piece) }
        case .cutShort(let body): send(connection, head(200, length: body.utf8.count + 100) + body)
        case .hangUp: break
        case .silence:
            state.withLock { $0.silent.append(connection) }
            return
        }
        close(connection)
    }

    private func head(_ status: Int, length: Int, _ headers: String = "") -> String {
        "HTTP/1.1 \(status) X\r\nContent-Length: \(length)\r\nConnection: close\r\n\(headers)\r\n"
    }

    private func send(_ connection: Int32, _ text: String) { send(connection, Array(text.utf8)) }

    private func send(_ connection: Int32, _ data: [UInt8]) {
        var bytes = data[...]
        while !bytes.isEmpty {
            let sent = bytes.withUnsafeBytes {
                Foundation.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return }
            bytes = bytes.dropFirst(sent)
        }
    }

    private func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        let end = Array("\r\n\r\n".utf8)
        var headEnd: Int?
        while headEnd == nil {
            guard receive(connection, &bytes) else { return nil }
            headEnd = bytes.indices.first { bytes[$0...].starts(with: end) }
        }
        let head = String(decoding: bytes[..<headEnd!], as: UTF8.self)  // set by the loop
        let lines = head.components(separatedBy: "\r\n")
        let start = lines[0].split(separator: " ")
        var request = Request(method: String(start[0]), target: String(start[1]))
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            request.headers.append((parts[0].lowercased(), parts[1].trimmingCharacters(in: .whitespaces)))
        }
        let length = request.header("content-length").flatMap(Int.init) ?? 0
        if request.header("expect") != nil { send(connection, "HTTP/1.1 100 Continue\r\n\r\n") }
        bytes.removeFirst(headEnd! + 4)  // set by the loop
        while bytes.count < length {
            guard receive(connection, &bytes) else { return nil }
        }
        request.body = bytes
        return request
    }

    private func receive(_ connection: Int32, _ bytes: inout [UInt8]) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(connection, &buffer, buffer.count, 0)
        guard count > 0 else { return false }
        bytes += buffer[..<count]
        return true
    }
}
