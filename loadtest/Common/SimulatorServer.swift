// The project's HTTP server for simulators: each request is a task on the loop. Thread: its loop; loop-bound.
import Engine
import Server

/// One listener and its open requests.
final class SimulatorServer: RequestHandler {
    let loop: Loop
    private var listener: HTTPListener?
    private let answer: (Exchange) async -> Void
    private var running: [Int: Task<Void, Never>] = [:]
    private var started = 0
    private(set) var port = 0

    init(
        on loop: Loop, host: String, port: Int, configuration: HTTPServerConfiguration = HTTPServerConfiguration(),
        answer: @escaping (Exchange) async -> Void
    ) throws(ListenError) {
        self.loop = loop
        self.answer = answer
        listener = try HTTPListener(
            on: loop, address: BindAddress(host: host, port: port), configuration: configuration, handler: self)
        self.port = listener?.port ?? 0
    }

    func handle(_ exchange: Exchange) {
        started += 1
        let number = started
        var isDone = false
        let task = loop.spawn { [self] in
            await answer(exchange)
            isDone = true
            running[number] = nil
        }
        if !isDone { running[number] = task }
    }

    /// Cancels all requests and waits until they have ended.
    func close() async {
        for task in running.values { task.cancel() }
        await listener?.close()
        listener = nil
        while let task = running.values.first { await task.value }
    }
}

/// A reply with a body in memory or on disk.
struct SimReply {
    enum Body {
        case bytes([UInt8])
        case file(SpoolFile)

        var count: Int {
            switch self {
            case .bytes(let bytes): bytes.count
            case .file(let file): file.count
            }
        }
    }

    var status: Int
    var headers: [(String, String)] = []
    var body: Body

    static func json(_ status: Int, _ value: JSONValue) -> SimReply {
        SimReply(status: status, headers: [("Content-Type", "application/json")], body: .bytes(value.bytes))
    }

    static func text(_ status: Int, _ text: String, type: String = "text/plain; charset=utf-8") -> SimReply {
        SimReply(status: status, headers: [("Content-Type", type)], body: .bytes(Array(text.utf8)))
    }

    /// How much of a reply is sent.
    enum Transmission {
        case whole
        /// Half of it; then the connection is closed.
        case truncated
        /// Half of it, without a Content-Length and with a proper end.
        case cut
    }

    private static let block = 256 * 1024

    func send(over exchange: Exchange, _ form: Transmission = .whole) async {
        let length = body.count
        exchange.beginReply(status: status, headers: headers, length: form == .cut ? nil : length)
        do {
            try await write(to: exchange, upTo: form == .whole ? length : length / 2)
        } catch {
            return exchange.abort()
        }
        guard form == .truncated else { return exchange.finishReply() }
        // Closes only after the first half has had time to leave; otherwise the client would see no reply at all.
        try? await exchange.loop.sleep(seconds: 0.05)
        exchange.abort()
    }

    /// The reply with a compressed body; nil if there is no room for it on the disk.
    func gzipped() -> SimReply? {
        do {
            let plain: SpoolFile
            switch body {
            case .file(let file): plain = file
            case .bytes(let bytes):
                plain = try SpoolFile()
                try plain.append(bytes)
            }
            var reply = self
            reply.headers.append(("Content-Encoding", "gzip"))
            reply.body = .file(try Gzip.compress(plain))
            return reply
        } catch {
            return nil
        }
    }

    private func write(to exchange: Exchange, upTo length: Int) async throws {
        switch body {
        case .bytes(let bytes): try await exchange.write(length < bytes.count ? Array(bytes[..<length]) : bytes)
        case .file(let file):
            var at = 0
            while at < length {
                let piece = try file.read(at: at, length: min(SimReply.block, length - at))
                try await exchange.write(piece)
                at += piece.count
            }
        }
    }
}
