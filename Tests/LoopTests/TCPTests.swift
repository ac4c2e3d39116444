// TCP on the loop.
import Engine
import Glibc
import TestSupport
import Testing

/// Echoes its bytes; notes its events.
private final class Echo: TCPStreamOwner {
    let stream: TCPStream
    private(set) var received = 0
    private(set) var ended = false
    private(set) var failure: SystemError?
    private(set) var wasShut = false
    let echoes: Bool

    init(_ stream: TCPStream, echoes: Bool) {
        self.stream = stream
        self.echoes = echoes
        stream.attach(self)
        stream.startReading()
    }

    func received(_ bytes: Span<UInt8>) {
        received += bytes.count
        if echoes { stream.write(bytes) }
    }
    func receivedEnd() {
        ended = true
        if echoes { stream.shutdown() }
    }
    func failed(_ error: SystemError) { failure = error }
    func sent() {}
    func shutDown() { wasShut = true }
}

@Suite("TCP on the loop", .timeLimit(.minutes(1)))
struct TCPTests {
    /// A listener on a free port whose connections are kept in an array.
    private final class Server {
        var accepted: [Echo] = []
        var listener: TCPListener?

        init(on loop: Loop, host: String) throws(SystemError) {
            guard let address = SocketAddress(host: host, port: 0) else { throw SystemError(0, "address") }
            listener = try TCPListener(on: loop, address: address) { [unowned self] in
                accepted.append(Echo($0, echoes: true))
            }
        }

        var port: Int { listener?.port ?? 0 }

        func close() {
            for echo in accepted { echo.stream.close() }
            listener?.close()
        }
    }

    @Test("connections made before a listener retires are accepted; later ones are refused")
    func retires() async throws {
        try await onLoop { loop in
            let server = try Server(on: loop, host: "127.0.0.1")
            let port = server.port
            // Blocks the loop's own thread: the kernel connects them, and the loop cannot have accepted any.
            let sockets = (0..<5).map { _ in blockingSocket(to: port) }
            #expect(sockets.allSatisfy { $0 >= 0 } && server.accepted.isEmpty)
            for socket in sockets { #expect(send(socket, "hello", 5, 0) == 5) }
            server.listener?.retire()
            #expect(server.accepted.count == 5)
            #expect(blockingSocket(to: port) < 0)
            while server.accepted.contains(where: { $0.received < 5 }) { await loop.yield() }
            for socket in sockets { close(socket) }
            server.close()
        }
    }

    /// Connects to a port of this machine; negative if refused.
    private func blockingSocket(to port: Int) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let failure = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if failure == 0 { return descriptor }
        close(descriptor)
        return -1
    }

    private func client(_ host: String, _ port: Int, _ loop: Loop) async throws -> Echo {
        let address = try #require(SocketAddress(host: host, port: port))
        return Echo(try await TCPStream.connect(to: address, on: loop), echoes: false)
    }

    /// Notes the bytes that arrive between two turns of the loop.
    private final class Gauge: TCPStreamOwner {
        let stream: TCPStream
        private(set) var received = 0
        private(set) var most = 0
        private var thisTurn = 0

        init(_ stream: TCPStream) {
            self.stream = stream
            stream.attach(self)
        }

        /// Gives the loop's other work its turn.
        func turn() {
            thisTurn = 0
            stream.loop.later { [weak self] in self?.turn() }
        }

        func received(_ bytes: Span<UInt8>) {
            received += bytes.count
            thisTurn += bytes.count
            most = max(most, thisTurn)
        }
        func receivedEnd() {}
        func failed(_ error: SystemError) {}
        func sent() {}
        func shutDown() {}
    }

    @Test("other work has its turn after each buffer, for any amount waiting in the kernel")
    func givesWay() async throws {
        try await onLoop { loop in
            var gauges: [Gauge] = []
            let address = try #require(SocketAddress(host: "127.0.0.1", port: 0))
            let listener = try TCPListener(on: loop, address: address) { gauges.append(Gauge($0)) }
            let client = try await client("127.0.0.1", listener.port, loop)
            let big = [UInt8](repeating: 9, count: 8_000_000)
            client.stream.write(big.span)
            // The echo does not read yet: the kernel's buffers are full.
            #expect(client.stream.unsentBytes > 0 && big.count - client.stream.unsentBytes > 2 * Loop.readBufferBytes)
            while gauges.isEmpty { await loop.yield() }
            gauges[0].turn()
            gauges[0].stream.startReading()
            while gauges[0].received < big.count { await loop.yield() }
            #expect(gauges[0].most == Loop.readBufferBytes)
            for stream in [client.stream, gauges[0].stream] { stream.close() }
            listener.close()
        }
    }

    @Test("bytes make a round trip, gathered from parts, then both sides end", arguments: ["127.0.0.1", "::1"])
    func roundTrip(host: String) async throws {
        try await onLoop { loop in
            let server = try Server(on: loop, host: host)
            let client = try await client(host, server.port, loop)
            let big = [UInt8](repeating: 9, count: 5_000_000)
            client.stream.write([1, 2].span, big.span, [3].span)
            #expect(client.stream.unsentBytes > 0)
            while server.accepted.isEmpty { await loop.yield() }
            #expect(server.accepted[0].stream.remoteHost == host)
            client.stream.shutdown()
            while !client.ended { await loop.yield() }
            #expect(client.received == 5_000_003 && client.wasShut)
            #expect(server.accepted.count == 1)
            client.stream.close()
            server.close()
        }
    }

    @Test("a paused reader holds the writer back, and a close drops queued bytes")
    func pause() async throws {
        try await onLoop { loop in
            let server = try Server(on: loop, host: "127.0.0.1")
            let client = try await client("127.0.0.1", server.port, loop)
            while server.accepted.isEmpty { await loop.yield() }
            server.accepted[0].stream.pauseReading()
            client.stream.write([UInt8](repeating: 1, count: 50_000_000).span)
            var before = -1
            while before != client.stream.unsentBytes {
                before = client.stream.unsentBytes
                try await loop.sleep(seconds: 0.02)
            }
            #expect(before > 10_000_000 && server.accepted[0].received <= Loop.readBufferBytes)
            client.stream.close()
            #expect(client.stream.unsentBytes == 0)
            server.close()
        }
    }

    @Test("a reset is an error at the peer; a write to a closed connection is an error too, without a signal")
    func reset() async throws {
        try await onLoop { loop in
            let server = try Server(on: loop, host: "127.0.0.1")
            let client = try await client("127.0.0.1", server.port, loop)
            while server.accepted.isEmpty { await loop.yield() }
            server.accepted[0].stream.reset()
            while client.failure == nil { await loop.yield() }
            client.stream.write([1].span)
            await loop.yield()
            client.stream.close()
            server.close()
        }
    }

    @Test("a refused connection throws, and a cancelled one leaves nothing open")
    func refused() async throws {
        try await onLoop { loop in
            let server = try Server(on: loop, host: "127.0.0.1")
            let port = server.port
            server.close()
            await #expect(throws: SystemError.self) { try await client("127.0.0.1", port, loop) }
            var cancelled = false
            let task = loop.spawn {
                // A documentation address: it never answers.
                do { _ = try await client("192.0.2.1", 9, loop) } catch { cancelled = true }
            }
            task.cancel()
            await task.value
            #expect(cancelled)
        }
    }

    @Test("numeric addresses only")
    func addresses() {
        #expect(SocketAddress(host: "::ffff:10.1.2.3", port: 1)?.host == "10.1.2.3")
        #expect(SocketAddress(host: "[::1]", port: 80)?.host == "::1")
        #expect(SocketAddress(host: "localhost", port: 80)?.port == 80)
        for bad in ["example.org", "", "1.2.3", "256.1.1.1"] { #expect(SocketAddress(host: bad, port: 1) == nil) }
        #expect(SocketAddress(host: "::1", port: 65_536) == nil)
    }
}
