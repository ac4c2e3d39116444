// A compressed request body on its way from the connection to its receiver. Thread: the loop's. Held by the exchange
// while the body comes in, as every receiver.
import Engine

/// Where a receiver gets a body from, and how it holds it back. Loop-bound.
protocol BodySource: AnyObject {
    /// See ``Exchange/receiveBody(limit:into:)``.
    func receiveBody(limit: Int, into receiver: any BodyReceiver)
    func pauseBody()
    func resumeBody()
}

extension Exchange: BodySource {}

/// Inflates a body in `Content-Encoding: gzip`; `limit` counts what comes out of it (C3). A few bytes may inflate to a
/// thousand times as many, so what is done in one turn of the loop is bounded, and the connection waits meanwhile.
final class GunzippedBody: BodySource, BodyReceiver {
    /// Handed on in one turn of the loop, bytes; one block more at most.
    static let turnBytes = 256 * 1024

    private let exchange: Exchange
    private var receiver: (any BodyReceiver)?
    private var inflater: GzipInflater?
    private var left = 0
    /// Compressed bytes that wait for their turn: no more than one read brings.
    private var waiting: [UInt8] = []
    /// By the receiver.
    private var isHeldBack = false
    /// The connection, by us.
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

    /// Hands on what `bytes` inflate to, a turn's worth of it; the rest waits.
    private func work(_ bytes: Span<UInt8>) {
        isWorking = true
        let isDone = handOn(bytes)
        isWorking = false
        guard isDone, isPaused, !isHeldBack else { return }
        isPaused = false
        exchange.resumeBody()
    }

    /// - Returns: whether all of it was handed on and more is wanted.
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
            // The receiver may have answered already: nobody wants the rest.
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

    /// Lets go of everything.
    private func end() -> (any BodyReceiver)? {
        defer {
            receiver = nil
            inflater = nil
            waiting = []
        }
        return receiver
    }
}
