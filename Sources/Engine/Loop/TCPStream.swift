// A TCP connection on a loop: callbacks in, bytes out. Thread: the loop's.
// Frees: the handle lives until its uv_close callback; each queued write owns a copy of its bytes until its callback.
import CShims
import Glibc

/// Receives a stream's events on the loop thread. No call follows `close()`.
public protocol TCPStreamOwner: AnyObject {
    /// Bytes have arrived. They are valid during the call.
    func received(_ bytes: Span<UInt8>)
    /// The peer will send no more.
    func receivedEnd()
    /// A read or write failed; the connection is unusable.
    func failed(_ error: SystemError)
    /// Some queued bytes were sent: check `unsentBytes`.
    func sent()
    /// All bytes were sent and this side is shut down.
    func shutDown()
}

/// A connected socket. Loop-bound. Close it when done: it keeps its owner and its loop alive until then.
public final class TCPStream {
    let box: Box
    public unowned let loop: Loop

    final class Box: Handle<uv_tcp_t> {
        unowned let loop: Loop
        var owner: (any TCPStreamOwner)?
        var reading = false
        init(_ loop: Loop) { self.loop = loop }
        override func forget() { owner = nil }

        /// Stops reading until the next turn. libuv reads a socket up to 32 times in a row while each read fills the
        /// buffer; a peer that sends as fast as the loop reads would block the loop's other connections for 2 MB.
        func giveWay() {
            guard reading, !isClosed else { return }
            uv_read_stop(stream)
            loop.later { [self] in if reading, !isClosed { read() } }
        }

        var stream: UnsafeMutablePointer<uv_stream_t> { shim_stream(raw) }

        func read() { uv_read_start(stream, TCPStream.allocate, TCPStream.readDone) }
    }

    /// Makes a write to a closed peer an error instead of a signal that ends the process.
    private static let brokenPipesAreErrors: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

    /// Creates a stream that is not connected yet. Loop thread.
    init(on loop: Loop) {
        loop.assertOnLoop()
        TCPStream.brokenPipesAreErrors
        self.loop = loop
        box = Box(loop)
        uv_tcp_init(loop.uv, box.raw)
        box.opened()
    }

    deinit { close() }

    func accept(from server: UnsafeMutablePointer<uv_stream_t>) -> Bool {
        guard uv_accept(server, box.stream) == 0 else { return false }
        sendAtOnce()
        return true
    }

    /// Takes over the connected socket `descriptor`; closes it on failure.
    func adopt(_ descriptor: Int32) -> Bool {
        guard uv_tcp_open(box.raw, descriptor) == 0 else {
            Glibc.close(descriptor)
            return false
        }
        sendAtOnce()
        return true
    }

    /// Turns off Nagle's delay, because replies are written whole.
    private func sendAtOnce() { uv_tcp_nodelay(box.raw, 1) }

    /// The peer's numeric address; empty if the connection is gone.
    public var remoteHost: String {
        guard !box.isClosed else { return "" }
        return SocketAddress.filled { uv_tcp_getpeername(box.raw, $0, $1) }?.host ?? ""
    }

    // MARK: Reading

    /// Sets the owner, which is retained until `close()`.
    public func attach(_ owner: any TCPStreamOwner) { box.owner = owner }

    public func startReading() {
        guard !box.isClosed, !box.reading else { return }
        box.reading = true
        box.read()
    }

    /// Stops reading from the socket. The kernel's buffers fill and slow the sender.
    public func pauseReading() {
        guard !box.isClosed, box.reading else { return }
        box.reading = false
        uv_read_stop(box.stream)
    }

    private static let allocate: uv_alloc_cb = { handle, _, buffer in
        let box = Box.of(handle)
        let shared = box.loop.readBuffer
        buffer!.pointee = uv_buf_init(shared.baseAddress!.assumingMemoryBound(to: CChar.self), UInt32(shared.count))
    }

    private static let readDone: uv_read_cb = { stream, count, buffer in
        let box = Box.of(stream)
        guard let owner = box.owner, count != 0 else { return }
        if count > 0 {
            let bytes = UnsafeRawBufferPointer(rebasing: box.loop.readBuffer[..<count])
            owner.received(bytes.assumingMemoryBound(to: UInt8.self).span)
            if count == box.loop.readBuffer.count { box.giveWay() }
        } else {
            uv_read_stop(stream)
            let code = Int32(count)
            if code == UV_EOF.rawValue { owner.receivedEnd() } else { owner.failed(SystemError(code, "read")) }
        }
    }

    // MARK: Writing

    /// Bytes accepted by `write` that the kernel has not taken yet.
    public var unsentBytes: Int {
        box.isClosed ? 0 : uv_stream_get_write_queue_size(box.stream)
    }

    /// Sends the parts in order. Bytes that the kernel does not take at once are copied and sent later. Errors reach
    /// the owner in a later turn.
    public func write(_ first: Span<UInt8>, _ second: Span<UInt8> = Span(), _ third: Span<UInt8> = Span()) {
        guard !box.isClosed else { return }
        first.withUnsafeBufferPointer { first in
            second.withUnsafeBufferPointer { second in
                third.withUnsafeBufferPointer { third in
                    var parts = (TCPStream.part(first), TCPStream.part(second), TCPStream.part(third))
                    let total = first.count + second.count + third.count
                    withUnsafeMutablePointer(to: &parts) { tuple in
                        tuple.withMemoryRebound(to: uv_buf_t.self, capacity: 3) { send($0, total) }
                    }
                }
            }
        }
    }

    private static func part(_ bytes: UnsafeBufferPointer<UInt8>) -> uv_buf_t {
        // libuv's buffer type is mutable, but writes only read it.
        let raw = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
        return uv_buf_init(raw?.assumingMemoryBound(to: CChar.self), UInt32(bytes.count))
    }

    private func send(_ parts: UnsafeMutablePointer<uv_buf_t>, _ total: Int) {
        guard total > 0 else { return }
        let stream = box.stream
        // After an error nothing counts as sent: the queued write meets the same error and reports it from the loop.
        let taken = max(0, Int(uv_try_write(stream, parts, 3)))
        guard taken < total else { return }
        let rest = UnsafeMutablePointer<CChar>.allocate(capacity: total - taken)
        var skip = taken
        var filled = 0
        for index in 0..<3 {
            let (base, length) = (parts[index].base, parts[index].len)
            let skipped = min(skip, length)
            skip -= skipped
            guard let base, length > skipped else { continue }
            (rest + filled).initialize(from: base + skipped, count: length - skipped)
            filled += length - skipped
        }
        queue(rest, filled)
    }

    /// A queued write and its bytes.
    private final class Write: LoopObject<uv_write_t> {
        let box: Box
        let bytes: UnsafeMutablePointer<CChar>

        init(_ box: Box, _ bytes: UnsafeMutablePointer<CChar>) {
            self.box = box
            self.bytes = bytes
        }

        deinit { bytes.deallocate() }
    }

    private func queue(_ bytes: UnsafeMutablePointer<CChar>, _ count: Int) {
        let write = Write(box, bytes)
        write.hold()
        var buffer = uv_buf_init(bytes, UInt32(count))
        let failure = uv_write(write.raw, box.stream, &buffer, 1) { request, status in
            let owner = Write.taken(from: request).box.owner
            if status == 0 { owner?.sent() } else { owner?.failed(SystemError(status, "write")) }
        }
        // libuv refuses a write after `shutdown()` or after a failed read, which the owner
        // already knows. These bytes have no receiver.
        if failure != 0 { write.release() }
    }

    private final class Shutdown: LoopObject<uv_shutdown_t> {
        let box: Box
        init(_ box: Box) { self.box = box }
    }

    /// Sends the queued bytes, then shuts down this side and calls `shutDown()`. The peer may still send.
    public func shutdown() {
        guard !box.isClosed else { return }
        let shutdown = Shutdown(box)
        shutdown.hold()
        let failure = uv_shutdown(shutdown.raw, box.stream) { request, status in
            let owner = Shutdown.taken(from: request).box.owner
            if status == 0 { owner?.shutDown() } else { owner?.failed(SystemError(status, "shutdown")) }
        }
        if failure != 0 { shutdown.release() }
    }

    // MARK: Ending

    /// Drops unsent bytes and closes. Idempotent.
    public func close() { box.close() }

    /// Closes with a reset, so that the peer cannot take a truncated transfer for a complete one.
    public func reset() {
        box.close { closed in
            // libuv refuses a reset after a shutdown; a plain close follows then.
            if uv_tcp_close_reset(box.raw, closed) != 0 { uv_close(box.base, closed) }
        }
    }
}
