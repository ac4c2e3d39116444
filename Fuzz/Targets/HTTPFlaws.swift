// The `http` target: sends bytes to a real server over a real connection and parses the replies strictly. The server
// lives on its own loop's thread until the process ends. Thread: any, one at a time.
import Dispatch
import Engine
import Server

enum HTTPFlaws {
    /// The replies differ only in dates and ids, for any split of the bytes.
    static func find(in input: [UInt8]) -> String? {
        var dice = InputDice(input)
        let cuts = dice.cuts(of: input.count)
        guard let whole = RawClient.exchange(input, cuts: [], port: server.port) else { return "no end" }
        if let flaw = flaw(of: whole) { return "\(flaw): \(String(decoding: whole, as: UTF8.self).debugDescription)" }
        guard let pieces = RawClient.exchange(input, cuts: cuts, port: server.port) else { return "no end when cut" }
        return comparable(whole) == comparable(pieces) ? nil : "different replies when cut at \(cuts)"
    }

    private static let server = EchoServer()

    /// Replies are well-formed, and there are no other bytes.
    private static func flaw(of bytes: [UInt8]) -> String? {
        var rest = bytes[...]
        while !rest.isEmpty {
            switch StrictReply.read(&rest) {
            case .failure(let flaw): return flaw.text
            case .success(let reply):
                // 408 and 5xx would be our fault: no handler here takes time or fails.
                guard [100, 200, 400, 413, 431].contains(reply.status) else { return "a reply with \(reply.status)" }
            }
        }
        return nil
    }

    private static func comparable(_ bytes: [UInt8]) -> [Substring] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false)
            .filter { !$0.hasPrefix("Date: ") && !$0.hasPrefix("X-Request-ID: ") && !$0.contains("request_id") }
    }
}

/// Answers every request with its own reading of it.
private final class EchoServer: Sendable {
    static let bodyBytesMax = 2048
    let port: Int

    init() {
        let loop = Loop(name: "fuzz")
        let ready = DispatchSemaphore(value: 0)
        let bound = Lock(0)
        loop.launch {
            guard let address = BindAddress("127.0.0.1:0") else { return }
            let listener = try? HTTPListener(on: loop, address: address, shared: false, handler: EchoHandler())
            guard let listener else { fatalError("no port to listen on") }
            EchoServer.keep(listener)
            bound.withLock { $0 = listener.port }
            ready.signal()
        }
        ready.wait()
        port = bound.withLock { $0 }
    }

    /// Lives for ever: it is not `Sendable`, and no other code uses it.
    private static func keep(_ listener: HTTPListener) { _ = Unmanaged.passRetained(listener) }
}

private final class EchoHandler: RequestHandler {
    func handle(_ exchange: Exchange) {
        // Marks the server's own replies too: replies to HEAD have no body.
        if exchange.head.isMethod("HEAD") { exchange.replyHeaders = [(StrictReply.toHead, "1")] }
        exchange.receiveBody(limit: EchoServer.bodyBytesMax, into: EchoReceiver(exchange))
    }
}

private final class EchoReceiver: BodyReceiver {
    private let exchange: Exchange
    private var count = 0
    private var sum = 0

    init(_ exchange: Exchange) { self.exchange = exchange }

    func body(_ bytes: Span<UInt8>) {
        count += bytes.count
        for index in bytes.indices { sum = (sum &* 31 &+ Int(bytes[index])) & 0xFFFF_FFFF }
    }

    func bodyEnded() {
        let head = exchange.head
        let understood: JSONValue = [
            "method": .string(head.method), "target": .string(head.target), "path": .string(head.path),
            "fields": .int(head.headers.count), "count": .int(count), "sum": .int(sum),
        ]
        exchange.respond(.json(200, understood))
    }

    func bodyFailed(_ failure: BodyFailure) {}  // the server replies
}
