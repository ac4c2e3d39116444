// Reads a result file line by line while it is downloaded; inflates it if it is compressed. Loop-bound; the transfer is
// freed when it ends or is cancelled.

/// Pulls lines. Between calls of `next` nothing is read from the network.
public final class LineReader {
    /// Longest line that is read, bytes. An answer repeats its schema and instructions, but never its images.
    public static let maxLineBytes = 16 * 1024 * 1024

    private let stream: OutboundStream
    private var splitter: LineSplitter
    /// Set once the file's first bytes are those of gzip. The service does not ask for it; some gateways send it.
    private var gzip: GzipStream?
    /// The first bytes, until their number suffices to recognise gzip.
    private var first: [UInt8]? = []
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
            do throws(OpenAIError) {
                if let bytes = try await bytes() {
                    splitter.feed(bytes)
                } else {
                    hasEnded = true
                    return splitter.last()
                }
            } catch {
                failure = error
                throw error
            }
        }
    }

    /// Ends the transfer early. Idempotent.
    public func cancel() {
        hasEnded = true
        stream.cancel()
    }

    /// Returns the next plain bytes; nil at the end of the file.
    private func bytes() async throws(OpenAIError) -> [UInt8]? {
        while true {
            do throws(GzipInflater.Corrupt) {
                if let block = try gzip?.next() { return block }
            } catch { throw OpenAIError(.malformed("the file's gzip is damaged"), mayHaveArrived: true) }
            guard let chunk = try await chunk() else {
                if let gzip, !gzip.isBetweenMembers {
                    throw OpenAIError(.malformed("the file's gzip is cut short"), mayHaveArrived: true)
                }
                defer { first = nil }
                return first?.isEmpty == false ? first : nil
            }
            guard let head = first else {
                if gzip == nil { return chunk }
                gzip?.feed(chunk)
                continue
            }
            guard head.count + chunk.count >= 2 else {
                first = head + chunk
                continue
            }
            first = nil
            guard GzipStream.isGzip(head + chunk) else { return head + chunk }
            gzip = GzipStream()
            gzip?.feed(head + chunk)
        }
    }

    private func chunk() async throws(OpenAIError) -> [UInt8]? {
        do throws(OutboundError) { return try await stream.next() } catch { throw OpenAIError(error) }
    }
}
