// Reads a result file line by line while it is downloaded. Loop-bound; the transfer
// is freed when it ends or is cancelled.

/// Pulls lines. Between calls of `next` nothing is read from the network.
public final class LineReader {
    /// Longest line that is read, bytes. An answer repeats its schema and instructions, but never its images.
    public static let maxLineBytes = 16 * 1024 * 1024

    private let stream: OutboundStream
    private var splitter: LineSplitter
    private var hasEnded = false
    private var failure: OpenAIError?

    init(_ stream: OutboundStream, maxLineBytes: Int = LineReader.maxLineBytes) {
        self.stream = stream
        splitter = LineSplitter(maxLineBytes: maxLineBytes)
    }

    /// Number of lines skipped because they were too long; their requests count as missing.
    public var skippedLines: Int { splitter.skipped }

    /// Returns the next line that is not empty, without its newline; nil at the end.
    /// - Throws: an error when the transfer breaks. It cannot resume: open the file again and skip known lines.
    public func next() async throws(OpenAIError) -> [UInt8]? {
        while true {
            if let line = splitter.next() { return line }
            // A broken transfer stays broken, so that it never looks like a shorter file.
            if let failure { throw failure }
            if hasEnded { return nil }
            if let chunk = try await chunk() {
                splitter.feed(chunk)
            } else {
                hasEnded = true
                return splitter.last()
            }
        }
    }

    /// Ends the transfer early. Idempotent.
    public func cancel() {
        hasEnded = true
        stream.cancel()
    }

    private func chunk() async throws(OpenAIError) -> [UInt8]? {
        do throws(OutboundError) {
            return try await stream.next()
        } catch {
            let failed = OpenAIError(error)
            failure = failed
            throw failed
        }
    }
}
