// A job's results on their way out: pages from the database, as text, compressed if wanted, to the client at its pace.
// Loop-bound.
import Engine

final class ResultsStream {
    /// Less than this stays as it is: gzip would save nothing worth the work.
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

    /// Sends everything from `first` on, and finishes the reply.
    /// - Throws: `ExchangeClosed` when the client has gone; `DatabaseError`.
    func send(_ first: FinishedPage) async throws {
        try await write(first)
        while !pages.isAtEnd { try await write(try await pages.next()) }
        call.exchange.finishReply()
    }

    /// The page is let go of before a slow client is waited for.
    private func write(_ page: consuming FinishedPage) async throws {
        let isLast = pages.isAtEnd
        try await call.exchange.write(await compressed(text.append(page, isLast: isLast), isLast: isLast))
    }

    /// On the pool: a page takes milliseconds.
    private func compressed(_ bytes: [UInt8], isLast: Bool) async -> [UInt8] {
        guard let deflater else { return bytes }
        return await LoopWork.run(on: call.services.loop) { deflater.deflate(bytes, isLast: isLast) }
    }
}
