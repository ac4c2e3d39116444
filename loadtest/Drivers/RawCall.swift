// Arbitrary bytes on a separate connection, and the bytes of the reply. Thread: its loop; loop-bound.
import Engine
import FuzzTargets

/// Sends bytes, waits for a reply or for silence, ends its side and reads to the end.
final class RawCall: TCPStreamOwner {
    /// Silence of this length means that the request is incomplete, in seconds.
    static let silenceSeconds = 0.25
    /// The server must close within this time after we ended our side, in seconds.
    static let endSeconds = 20.0
    private static let bytesMax = 4 * 1024 * 1024

    private let stream: TCPStream
    private let timer: LoopTimer
    private var received: [UInt8] = []
    private var isEnding = false
    private var outcome: Result<[UInt8], DriverError>?
    private var done: Ticket<Void>?

    private init(_ stream: TCPStream, on loop: Loop) {
        self.stream = stream
        timer = LoopTimer(on: loop)
    }

    static func run(_ bytes: [UInt8], to address: SocketAddress, on loop: Loop) async throws -> [UInt8] {
        let stream: TCPStream
        do { stream = try await TCPStream.connect(to: address, on: loop) } catch {
            throw DriverError("cannot reach \(address.host) port \(address.port): \(error)")
        }
        let call = RawCall(stream, on: loop)
        defer {
            call.timer.close()
            stream.close()
        }
        stream.attach(call)
        stream.startReading()
        stream.write(bytes.span)
        call.waitForSilence()
        if call.outcome == nil { try await loop.park { call.done = $0 } }
        return try call.outcome?.get() ?? []
    }

    private func waitForSilence() {
        timer.start(after: RawCall.silenceSeconds) { [unowned self] in end() }
    }

    private func end() {
        guard !isEnding else { return }
        isEnding = true
        stream.shutdown()
        timer.start(after: RawCall.endSeconds) { [unowned self] in
            settle(.failure(DriverError("the connection was not ended")))
        }
    }

    private func settle(_ result: Result<[UInt8], DriverError>) {
        guard outcome == nil else { return }
        outcome = result
        done?.resume()
    }

    func received(_ bytes: Span<UInt8>) {
        guard received.count < RawCall.bytesMax else { return }
        bytes.withUnsafeBufferPointer { received.append(contentsOf: $0) }
        if !isEnding { waitForSilence() }
    }

    func receivedEnd() { settle(.success(received)) }
    /// A reset after our last bytes: bytes received before it count.
    func failed(_ error: SystemError) { settle(.success(received)) }
    func sent() {}
    func shutDown() {}
}
