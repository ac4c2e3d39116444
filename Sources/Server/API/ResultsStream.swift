// Sends a job's results: reads pages from the database, writes them as text, compresses them if wanted, and waits for a
// slow client. Loop-bound.
import Engine

final class ResultsStream {
    /// Smaller replies are not compressed, because gzip would save too little.
    static let gzipBytesMin = 1024

    private let call: Call
    private let pages: ResultPages
    private var text: ResultsText
    private let deflater: GzipDeflater?

    init(_ call: Call, _ pages: ResultPages, _ text: ResultsText, isGzipped: Bool) {
        self.call = call
        self.pages = pages
        self.text = text
        deflater = isGzipped ? GzipDeflater() : nil
    }

    /// Sends everything from `first` on and finishes the reply.
    /// - Throws: `ExchangeClosed` if the client disconnected; `DatabaseError`.
    func send(_ first: FinishedPage) async throws {
        try await write(first)
        while !pages.isAtEnd { try await write(try await pages.next()) }
        call.exchange.finishReply()
    }

    /// Consumes the page, so its memory is freed before the wait for a slow client.
    private func write(_ page: consuming FinishedPage) async throws {
        let isLast = pages.isAtEnd
        try await call.exchange.write(await compressed(text.append(page, isLast: isLast), isLast: isLast))
    }

    /// Runs on the thread pool, because a page takes milliseconds.
    private func compressed(_ bytes: [UInt8], isLast: Bool) async -> [UInt8] {
        guard let deflater else { return bytes }
        return await LoopWork.run(on: call.services.loop) { deflater.deflate(bytes, isLast: isLast) }
    }
}
