// Decompresses a stream of gzip members (RFC 1952, 2.2) in bounded pieces. Thread: one at a time. Frees: zlib's memory.

/// Takes compressed bytes, gives plain ones. Holds one chunk of input and one block of output.
package struct GzipStream {
    private var inflater: GzipInflater?
    private var input: [UInt8] = []
    private var taken = 0

    package init() {}

    /// Whether the bytes begin like a gzip member.
    package static func isGzip(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

    /// False in the middle of a member: the stream was cut short if it ends there.
    package var isBetweenMembers: Bool { inflater?.isComplete ?? true }

    /// Returns the plain text of a whole body; the body itself if it is not gzip.
    /// - Returns: nil for damaged or unfinished gzip, and for more than `bytesMax` plain bytes.
    package static func plain(_ body: [UInt8], bytesMax: Int) -> [UInt8]? {
        guard isGzip(body) else { return body }
        var (stream, plain) = (GzipStream(), [UInt8]())
        stream.feed(body)
        do throws(GzipInflater.Corrupt) {
            while let block = try stream.next() {
                guard plain.count + block.count <= bytesMax else { return nil }
                plain += block
            }
        } catch { return nil }
        return stream.isBetweenMembers ? plain : nil
    }

    /// Adds input. First call ``next()`` until it returns nil.
    package mutating func feed(_ bytes: [UInt8]) {
        input = bytes
        taken = 0
    }

    /// Returns the next plain bytes, at most one block; nil if more input is needed.
    package mutating func next() throws(GzipInflater.Corrupt) -> [UInt8]? {
        while taken < input.count || inflater?.hasMore == true {
            if inflater == nil || isBetweenMembers { inflater = GzipInflater() }
            guard let inflater else { return nil }
            var used = 0
            let block = Array(try inflater.inflate(input.span.extracting(taken...), used: &used))
            taken += used
            if !block.isEmpty { return block }
        }
        return nil
    }
}
