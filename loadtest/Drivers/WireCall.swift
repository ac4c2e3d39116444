// One exchange on a separate connection, with a body of any size in either direction, timed. Thread: its loop;
// loop-bound.
import Engine

struct WireReply: Sendable {
    var status = 0
    /// The beginning of the body, or all of it without a sink.
    var body: [UInt8] = []
    var bodyBytes = 0
    /// From the first byte sent to the first byte of the reply.
    var secondsToReply = 0.0
    /// From the first byte sent to the last one of the reply.
    var seconds = 0.0

    var json: JSONValue { (try? JSONValue.parse(body)) ?? .null }
}

final class WireCall: TCPStreamOwner {
    /// Bytes per write to the kernel.
    private static let pieceBytes = 256 * 1024
    static let bodyBytesMax = 1024 * 1024

    private let loop: Loop
    private let stream: TCPStream
    private let upload: MappedFile?
    private var uploaded = 0
    private let sink: ((UnsafeRawBufferPointer) -> Void)?
    private var reader = ReplyReader()
    private var reply = WireReply()
    private var begun = 0.0
    private var done: Ticket<Void>?
    private var outcome: Result<Void, DriverError>?

    private init(
        _ stream: TCPStream, upload: MappedFile?, sink: ((UnsafeRawBufferPointer) -> Void)?, on loop: Loop
    ) {
        self.stream = stream
        self.upload = upload
        self.sink = sink
        self.loop = loop
    }

    /// Sends `head` and then `upload`; returns the whole reply.
    /// - Parameter sink: gets the body's bytes instead of the reply.
    static func run(
        _ head: [UInt8], upload: MappedFile? = nil, to address: SocketAddress, timeoutSeconds: Double, on loop: Loop,
        sink: ((UnsafeRawBufferPointer) -> Void)? = nil
    ) async throws -> WireReply {
        let stream: TCPStream
        do { stream = try await TCPStream.connect(to: address, on: loop) } catch {
            throw DriverError("cannot reach \(address.host) port \(address.port): \(error)")
        }
        let call = WireCall(stream, upload: upload, sink: sink, on: loop)
        let timer = LoopTimer(on: loop)
        defer {
            timer.close()
            stream.close()
        }
        timer.start(after: timeoutSeconds) { [unowned call] in
            call.settle(.failure(DriverError("no whole reply within \(NumberText.short(timeoutSeconds)) s")))
        }
        return try await call.exchange(head)
    }

    private func exchange(_ head: [UInt8]) async throws -> WireReply {
        stream.attach(self)
        stream.startReading()
        begun = Monotonic.seconds()
        stream.write(head.span)
        sendMore()
        if outcome == nil { try await loop.park { done = $0 } }
        try outcome?.get()
        return reply
    }

    /// The kernel reads each piece from its place in memory; only bytes that it does not accept are copied.
    private func sendMore() {
        guard let upload else { return }
        while outcome == nil, uploaded < upload.count, stream.unsentBytes == 0 {
            let end = min(uploaded + WireCall.pieceBytes, upload.count)
            upload.withBytes { bytes in
                let piece = UnsafeRawBufferPointer(rebasing: bytes[uploaded..<end])
                stream.write(piece.assumingMemoryBound(to: UInt8.self).span)
            }
            uploaded = end
        }
    }

    private func settle(_ result: Result<Void, DriverError>) {
        guard outcome == nil else { return }
        outcome = result
        reply.seconds = Monotonic.seconds() - begun
        done?.resume()
    }

    private func complete() {
        reply.status = reader.status
        settle(.success(()))
    }

    // MARK: TCPStreamOwner

    func received(_ span: Span<UInt8>) {
        guard outcome == nil else { return }
        if reply.secondsToReply == 0 { reply.secondsToReply = Monotonic.seconds() - begun }
        var isComplete = false
        do throws(ReplyReader.Malformed) {
            try span.withUnsafeBytes { raw throws(ReplyReader.Malformed) in
                isComplete = try reader.read(raw) { _, body in take(body) }
            }
        } catch {
            return settle(.failure(DriverError(error.reason)))
        }
        if isComplete { complete() }
    }

    private func take(_ body: UnsafeRawBufferPointer) {
        reply.bodyBytes += body.count
        if let sink { sink(body) }
        let room = (sink == nil ? WireCall.bodyBytesMax : LoadLane.problemBytesMax) - reply.body.count
        if room > 0 { reply.body.append(contentsOf: body.prefix(room)) }
    }

    func receivedEnd() {
        if reader.end() { return complete() }
        settle(.failure(DriverError("the connection was closed without a whole reply")))
    }

    func failed(_ error: SystemError) { settle(.failure(DriverError("\(error)"))) }
    func sent() { sendMore() }
    func shutDown() {}
}
