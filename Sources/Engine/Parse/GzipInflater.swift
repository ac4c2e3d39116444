// Decompresses gzip (RFC 1952) in pieces, by zlib. Thread: one at a time. Frees: the z_stream, zlib's memory and the
// output block, in deinit.
import CShims

/// Inflates one gzip member. Its memory is bounded: zlib's window (32 KB and its tables) and one block.
package final class GzipInflater {
    /// Output per call, bytes.
    package static let blockBytes = 64 * 1024

    /// The bytes are not exactly one valid gzip member: another format, damaged, or followed by more.
    package struct Corrupt: Error {}

    /// Must not move, because zlib points back to it.
    private let stream: UnsafeMutablePointer<z_stream>
    private let block = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: GzipInflater.blockBytes)
    /// The member is complete, and its length and checksum are right.
    package private(set) var isComplete = false
    /// The last block was full: more output may be ready without further input.
    package private(set) var hasMore = false

    package init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 16 selects gzip only; 15 is the largest window of the format.
        let status = inflateInit2_(stream, 16 + 15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "no memory to inflate with")
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        block.deallocate()
    }

    /// Inflates at most one block from `input`.
    /// - Parameter used: the number of bytes taken from `input`.
    /// - Returns: the output, valid until the next call. Empty: more input is needed, or the member is complete.
    package func inflate(_ input: Span<UInt8>, used: inout Int) throws(Corrupt) -> UnsafeBufferPointer<UInt8> {
        used = 0
        if isComplete {
            // gzip's tools would read a second member as a continuation. Refuse it: two texts must not pass for one.
            guard input.isEmpty else { throw Corrupt() }
            return UnsafeBufferPointer(start: block.baseAddress, count: 0)
        }
        let status = input.withUnsafeBufferPointer { bytes in
            // The parameter's type is mutable, but zlib only reads it.
            stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
            stream.pointee.avail_in = UInt32(bytes.count)
            stream.pointee.next_out = block.baseAddress
            stream.pointee.avail_out = UInt32(block.count)
            defer { stream.pointee.next_in = nil }
            return CShims.inflate(stream, Z_NO_FLUSH)
        }
        used = input.count - Int(stream.pointee.avail_in)
        // Z_BUF_ERROR means that no progress was possible, which is no error here.
        guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else { throw Corrupt() }
        isComplete = status == Z_STREAM_END
        hasMore = !isComplete && stream.pointee.avail_out == 0
        return UnsafeBufferPointer(start: block.baseAddress, count: block.count - Int(stream.pointee.avail_out))
    }
}
