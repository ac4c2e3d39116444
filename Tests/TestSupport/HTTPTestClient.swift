// A client for tests of the HTTP server: raw bytes out, replies in. Thread: its loop.
import Engine
import Server

/// One connection to a server under test. Loop-bound; `close()` it.
public final class HTTPTestClient: TCPStreamOwner {
    public struct Reply: Sendable {
        public var status: Int
        public var head: String
        public var body: [UInt8]
        public var text: String { String(decoding: body, as: UTF8.self) }

        public func header(_ name: String) -> String? {
            for line in head.split(separator: "\r\n").dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2, parts[0].lowercased() == name.lowercased() else { continue }
                return parts[1].drop { $0 == " " }.description
            }
            return nil
        }
    }

    private let loop: Loop
    public let stream: TCPStream
    /// Received bytes that were not read yet.
    public private(set) var received: [UInt8] = []
    public private(set) var hasEnded = false
    public private(set) var failure: SystemError?
    private var waiter: Ticket<Void>?

    private init(_ stream: TCPStream, _ loop: Loop) {
        self.stream = stream
        self.loop = loop
    }

    public static func connect(port: Int, on loop: Loop) async throws -> HTTPTestClient {
        guard let address = SocketAddress(host: "127.0.0.1", port: port) else { throw ExchangeClosed() }
        let client = HTTPTestClient(try await TCPStream.connect(to: address, on: loop), loop)
        client.stream.attach(client)
        client.stream.startReading()
        return client
    }

    public func send(_ text: String) { send([UInt8](text.utf8)) }
    public func send(_ bytes: [UInt8]) { stream.write(bytes.span) }
    public func close() { stream.close() }

    public func received(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { received.append(contentsOf: $0) }
        wake()
    }
    public func receivedEnd() {
        hasEnded = true
        wake()
    }
    public func failed(_ error: SystemError) {
        failure = error
        hasEnded = true
        wake()
    }
    public func sent() { wake() }
    public func shutDown() {}

    private func wake() {
        waiter?.resume()
        waiter = nil
    }

    /// Suspends until the next event on the connection.
    public func change() async throws {
        let _: Void = try await loop.park { waiter = $0 }
    }

    /// Waits until `condition` holds; checks it after each event.
    public func wait(until condition: () -> Bool) async throws {
        while !condition() { try await change() }
    }

    /// Reads until the server ends the connection.
    public func readToEnd() async throws -> [UInt8] {
        try await wait { hasEnded }
        defer { received = [] }
        return received
    }

    /// The next reply; its body by length, by chunks or until the end.
    public func reply(toHead: Bool = false) async throws -> Reply {
        let end = try await position(after: "\r\n\r\n")
        var reply = Reply(status: 0, head: String(decoding: received[..<end], as: UTF8.self), body: [])
        reply.status = reply.head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        received.removeFirst(end)
        if toHead || reply.status == 100 || reply.status == 204 || reply.status == 304 { return reply }
        if let length = reply.header("Content-Length").flatMap({ Int($0) }) {
            reply.body = try await bytes(length)
        } else if reply.header("Transfer-Encoding") == "chunked" {
            reply.body = try await chunks()
        } else {
            reply.body = try await readToEnd()
        }
        return reply
    }

    private func chunks() async throws -> [UInt8] {
        var body: [UInt8] = []
        while true {
            let end = try await position(after: "\r\n")
            let size = Int(String(decoding: try await bytes(end).dropLast(2), as: UTF8.self), radix: 16) ?? -1
            guard size >= 0 else { throw ExchangeClosed() }
            body += try await bytes(size)
            guard try await bytes(2) == [13, 10] else { throw ExchangeClosed() }
            if size == 0 { return body }
        }
    }

    private func bytes(_ count: Int) async throws -> [UInt8] {
        try await wait { received.count >= count || hasEnded }
        guard received.count >= count else { throw ExchangeClosed() }
        defer { received.removeFirst(count) }
        return Array(received.prefix(count))
    }

    private func position(after mark: String) async throws -> Int {
        let mark = [UInt8](mark.utf8)
        var from = 0
        while true {
            while from + mark.count <= received.count {
                if received[from..<from + mark.count].elementsEqual(mark) { return from + mark.count }
                from += 1
            }
            if hasEnded { throw ExchangeClosed() }
            try await change()
        }
    }
}

/// A handler from a closure.
public final class ClosureHandler: RequestHandler {
    private let body: (Exchange) -> Void
    public init(_ body: @escaping (Exchange) -> Void) { self.body = body }
    public func handle(_ exchange: Exchange) { body(exchange) }
}
