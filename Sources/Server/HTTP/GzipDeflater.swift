// Makes gzip (RFC 1952) piece by piece, through zlib. Thread: any, one at a time; the pool's for all that is long.
// Frees: the z_stream and what zlib hangs on it, in deinit.
import CShims

/// One gzip member on its way out: some 256 KB of state, whatever goes through.
final class GzipDeflater: @unchecked Sendable {  // its one user awaits each call before the next
    /// zlib's fastest: a fifth more bytes than its default, in a third of the time.
    private static let level: Int32 = 1
    /// What the output's storage grows by, bytes.
    private static let stepBytes = 32 * 1024

    /// zlib points back to it, so it must not move.
    private let stream: UnsafeMutablePointer<z_stream>

    init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 16: gzip's frame; 15 and 8: zlib's usual window and memory.
        let status = deflateInit2_(
            stream, GzipDeflater.level, Z_DEFLATED, 16 + 15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "no memory to deflate with")
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// - Parameter isLast: these bytes end the member; nothing may follow.
    /// - Returns: what can be sent now: perhaps nothing, because zlib gathers.
    func deflate(_ bytes: [UInt8], isLast: Bool) -> [UInt8] {
        var out: [UInt8] = []
        bytes.withUnsafeBufferPointer { input in
            // zlib's input is mutable by type; it only reads it.
            stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.pointee.avail_in = UInt32(input.count)
            out.reserveCapacity(input.count / 4 + GzipDeflater.stepBytes)
            while step(&out, isLast ? Z_FINISH : Z_NO_FLUSH) {}
            stream.pointee.next_in = nil
        }
        return out
    }

    /// - Returns: whether there is more to come.
    private func step(_ out: inout [UInt8], _ flush: Int32) -> Bool {
        var status = Z_OK
        let piece = [UInt8](unsafeUninitializedCapacity: GzipDeflater.stepBytes) { buffer, count in
            stream.pointee.next_out = buffer.baseAddress
            stream.pointee.avail_out = UInt32(buffer.count)
            status = CShims.deflate(stream, flush)
            count = buffer.count - Int(stream.pointee.avail_out)
        }
        precondition(status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR, "zlib's state is broken")
        out.append(contentsOf: piece)
        return status == Z_OK && stream.pointee.avail_out == 0
    }
}
