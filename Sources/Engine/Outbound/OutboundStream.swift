// An answer whose body is pulled. Frees: dropping a stream before its end cancels
// its exchange. Thread: the client's loop.

/// The head of an answer and access to its body. Loop-bound. Reads at most 256 KiB ahead of the caller.
public final class OutboundStream {
    public let status: Int
    /// The address that answers.
    public var address: String { exchange.transfer?.address ?? "" }
    private let head: AnswerHead
    private let exchange: OutboundExchange
    private let client: HTTPClient

    init(_ exchange: OutboundExchange, of client: HTTPClient) {
        self.exchange = exchange
        self.client = client
        status = exchange.transfer?.status ?? 0
        head = exchange.transfer?.head ?? AnswerHead()
    }

    deinit { cancel() }

    /// In the order of arrival.
    public var headers: [(name: String, value: String)] { head.fields }

    /// Returns the first header with this name, in any case.
    public func header(_ name: String) -> String? { head.first(name) }

    /// Returns the next bytes of the body, never empty; nil at its end. Cancelling the task ends the exchange.
    public func next() async throws(OutboundError) -> [UInt8]? {
        do {
            try await exchange.wait { exchange.transfer?.hasBuffered == true }
        } catch {
            client.end(exchange, .cancelled, "the request was cancelled")
        }
        if let failure = exchange.failure {
            await exchange.pumpEnded()
            throw failure
        }
        guard let transfer = exchange.transfer, transfer.hasBuffered else {
            await exchange.pumpEnded()
            return nil
        }
        let bytes = transfer.takeBuffered()
        client.continueReceiving(exchange)
        return bytes
    }

    /// Ends the exchange. Closes its connection unless the answer was complete. Idempotent.
    public func cancel() { client.end(exchange, .cancelled, "the caller dropped the answer") }
}
