// Undoes gzip (RFC 1952) piece by piece, through zlib. Thread: one at a time. Frees: the z_stream, what zlib hangs on
// it and the block of output, in deinit.
import CShims

/// One gzip member, inflated. Everything that it holds is bounded: zlib's window (32 KB and its tables) and one block.
final class GzipInflater {
    /// Given out at a time, bytes.
    static let blockBytes = 64 * 1024

    /// The bytes are no gzip member: something else, damaged, or followed by more.
    struct Corrupt: Error {}

    /// zlib points back to it, so it must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private let block = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: GzipInflater.blockBytes)
    /// The member is complete, its length and checksum have been found right.
    private(set) var isComplete = false
    /// The last block was filled: there may be more without further input.
    private(set) var hasMore = false

    init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 16: gzip and nothing else; 15: the largest window that the format knows.
        let status = inflateInit2_(stream, 16 + 15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "no memory to inflate with")
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        block.deallocate()
    }

    /// Inflates a block's worth of `input` at most.
    /// - Parameter used: how many bytes of it were taken.
    /// - Returns: what they were; valid until the next call. Empty: more input is needed, or it is complete.
    func inflate(_ input: Span<UInt8>, used: inout Int) throws(Corrupt) -> UnsafeBufferPointer<UInt8> {
        used = 0
        if isComplete {
            // Another member, or anything else: gzip's tools would read on, and we would take two texts for one.
            guard input.isEmpty else { throw Corrupt() }
            return UnsafeBufferPointer(start: block.baseAddress, count: 0)
        }
        let status = input.withUnsafeBufferPointer { bytes in
            // zlib's input is mutable by type; it only reads it.
            stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
            stream.pointee.avail_in = UInt32(bytes.count)
            stream.pointee.next_out = block.baseAddress
            stream.pointee.avail_out = UInt32(block.count)
            defer { stream.pointee.next_in = nil }
            return CShims.inflate(stream, Z_NO_FLUSH)
        }
        used = input.count - Int(stream.pointee.avail_in)
        // Z_BUF_ERROR: there was nothing to do.
        guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else { throw Corrupt() }
        isComplete = status == Z_STREAM_END
        hasMore = !isComplete && stream.pointee.avail_out == 0
        return UnsafeBufferPointer(start: block.baseAddress, count: block.count - Int(stream.pointee.avail_out))
    }
}
