// Decompresses a request body between the connection and its receiver. Thread: the loop's. The exchange holds it while
// the body arrives, like every receiver.
import Engine

/// The source of a body, with flow control. Loop-bound.
protocol BodySource: AnyObject {
    /// See ``Exchange/receiveBody(limit:into:)``.
    func receiveBody(limit: Int, into receiver: any BodyReceiver)
    func pauseBody()
    func resumeBody()
}

extension Exchange: BodySource {}

/// Inflates a body with `Content-Encoding: gzip`; `limit` applies to the inflated bytes (C3). A few bytes may inflate
/// to a thousand times as many. So the work per turn of the loop is bounded, and the connection is paused until it is
/// done.
final class GunzippedBody: BodySource, BodyReceiver {
    /// Inflated bytes per turn of the loop; the last block may exceed it.
    static let turnBytes = 256 * 1024

    private let exchange: Exchange
    private var receiver: (any BodyReceiver)?
    private var inflater: GzipInflater?
    private var left = 0
    /// Compressed bytes for a later turn: at most one read.
    private var waiting: [UInt8] = []
    /// The receiver has paused this body.
    private var isHeldBack = false
    /// This body has paused the connection.
    private var isPaused = false
    private var isWorking = false
    private var hasNextTurn = false

    init(_ exchange: Exchange) { self.exchange = exchange }

    func receiveBody(limit: Int, into receiver: any BodyReceiver) {
        self.receiver = receiver
        inflater = GzipInflater()
        left = limit
        exchange.receiveBody(limit: limit, into: self)
    }

    func pauseBody() {
        isHeldBack = true
        pauseExchange()
    }

    func resumeBody() {
        isHeldBack = false
        goOn()
    }

    // MARK: BodyReceiver

    func body(_ bytes: Span<UInt8>) { work(bytes) }

    func bodyEnded() {
        guard inflater?.isComplete == true else { return fail(.corrupted) }
        let receiver = end()
        receiver?.bodyEnded()
    }

    func bodyFailed(_ failure: BodyFailure) { fail(failure) }

    // MARK: Turns

    private func goOn() {
        guard !isWorking, !isHeldBack, !hasNextTurn else { return }
        let bytes = waiting
        waiting = []
        work(bytes.span)
    }

    private func pauseExchange() {
        isPaused = true
        exchange.pauseBody()
    }

    /// Inflates `bytes` and passes the result on, at most one turn's worth. The rest waits.
    private func work(_ bytes: Span<UInt8>) {
        isWorking = true
        let isDone = handOn(bytes)
        isWorking = false
        guard isDone, isPaused, !isHeldBack else { return }
        isPaused = false
        exchange.resumeBody()
    }

    /// - Returns: true if all bytes were passed on and more are wanted.
    private func handOn(_ bytes: Span<UInt8>) -> Bool {
        var (taken, given) = (0, 0)
        while let inflater, taken < bytes.count || inflater.hasMore {
            guard !isHeldBack, given < GunzippedBody.turnBytes else {
                wait(bytes.extracting(taken...))
                return false
            }
            do throws(GzipInflater.Corrupt) {
                given += try handOnBlock(bytes.extracting(taken...), &taken, inflater)
            } catch { fail(.corrupted) }
            // The receiver may have replied already; then the rest is not needed.
            if !exchange.isOpen { _ = end() }
        }
        return inflater != nil
    }

    private func handOnBlock(
        _ bytes: Span<UInt8>, _ taken: inout Int, _ inflater: GzipInflater
    ) throws(GzipInflater.Corrupt) -> Int {
        var used = 0
        let block = try inflater.inflate(bytes, used: &used)
        taken += used
        left -= block.count
        if left < 0 {
            fail(.tooLarge)
        } else if !block.isEmpty {
            receiver?.body(block.span)
        }
        return block.count
    }

    private func wait(_ rest: Span<UInt8>) {
        waiting = []
        waiting.append(copying: rest)
        pauseExchange()
        guard !isHeldBack else { return }
        hasNextTurn = true
        exchange.loop.later { [self] in
            hasNextTurn = false
            goOn()
        }
    }

    // MARK: Ends

    private func fail(_ failure: BodyFailure) {
        let receiver = end()
        receiver?.bodyFailed(failure)
    }

    /// Releases everything.
    /// - Returns: the receiver, to be notified.
    private func end() -> (any BodyReceiver)? {
        defer {
            receiver = nil
            inflater = nil
            waiting = []
        }
        return receiver
    }
}
