// Connections with requests that never end. Thread: its loop; loop-bound.
import Engine

final class SlowCrowd {
    private let loop: Loop
    private let address: SocketAddress
    private let beginnings: [[UInt8]]
    private let dripSeconds: Double
    private let timer: LoopTimer
    private var clients: [SlowClient] = []
    private(set) var reopened = 0
    private var isClosed = false

    init(to address: SocketAddress, _ target: Target, dripSeconds: Double, on loop: Loop) {
        self.loop = loop
        self.address = address
        self.dripSeconds = dripSeconds
        timer = LoopTimer(on: loop)
        let head = target.head("GET", "/api/v1/batch-status/x", signing: "x").dropLast(2)
        let body = target.head(
            "POST", "/api/v1/generate-descriptions", signing: "x", headers: [("Content-Type", "application/json")],
            length: 1_000_000)
        beginnings = [Array(head) + Array("X-Slow: ".utf8), body + Array(#"{"lots":[{"lot_id":""#.utf8)]
    }

    /// Connections that are open now.
    var held: Int { clients.filter { !$0.hasEnded }.count }

    func open(_ count: Int) async throws {
        while clients.count < count { clients.append(try await connect(clients.count)) }
        beat()
    }

    private func connect(_ number: Int) async throws -> SlowClient {
        SlowClient(try await TCPStream.connect(to: address, on: loop), beginnings[number % beginnings.count])
    }

    private func beat() {
        timer.start(after: dripSeconds) { [unowned self] in
            for client in clients { client.drip() }
            loop.spawn { [self] in
                for index in clients.indices where clients[index].hasEnded && !isClosed {
                    clients[index].close()
                    guard let client = try? await connect(index) else { continue }
                    clients[index] = client
                    reopened += 1
                }
                if !isClosed { beat() }
            }
        }
    }

    func close() async {
        isClosed = true
        timer.close()
        for client in clients { client.close() }
    }
}

private final class SlowClient: TCPStreamOwner {
    private let stream: TCPStream
    private(set) var hasEnded = false

    init(_ stream: TCPStream, _ beginning: [UInt8]) {
        self.stream = stream
        stream.attach(self)
        stream.startReading()
        stream.write(beginning.span)
    }

    func drip() {
        guard !hasEnded else { return }
        let byte: [UInt8] = [UInt8(ascii: "x")]
        stream.write(byte.span)
    }

    func close() { stream.close() }
    func received(_ bytes: Span<UInt8>) {}
    func receivedEnd() { hasEnded = true }
    func failed(_ error: SystemError) { hasEnded = true }
    func sent() {}
    func shutDown() {}
}
