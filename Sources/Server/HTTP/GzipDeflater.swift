// Compresses to gzip (RFC 1952) in pieces, by zlib. Thread: any, one at a time; the thread pool for long inputs. Frees:
// the z_stream and zlib's memory, in deinit.
import CShims

/// One gzip member. Its state takes about 256 KB, for any amount of data.
final class GzipDeflater: @unchecked Sendable {  // its only user awaits each call before the next
    /// zlib's fastest level: 20 % more bytes than its default level, in a third of the time.
    private static let level: Int32 = 1
    /// Growth step of the output's storage, bytes.
    private static let stepBytes = 32 * 1024

    /// Must not move, because zlib points back to it.
    private let stream: UnsafeMutablePointer<z_stream>

    init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 16 selects gzip's frame; 15 and 8 are zlib's default window and memory.
        let status = deflateInit2_(
            stream, GzipDeflater.level, Z_DEFLATED, 16 + 15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "no memory to deflate with")
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// - Parameter isLast: these bytes end the member; no further call is allowed.
    /// - Returns: the output so far; may be empty because zlib buffers.
    func deflate(_ bytes: [UInt8], isLast: Bool) -> [UInt8] {
        var out: [UInt8] = []
        bytes.withUnsafeBufferPointer { input in
            // The parameter's type is mutable, but zlib only reads it.
            stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.pointee.avail_in = UInt32(input.count)
            out.reserveCapacity(input.count / 4 + GzipDeflater.stepBytes)
            while step(&out, isLast ? Z_FINISH : Z_NO_FLUSH) {}
            stream.pointee.next_in = nil
        }
        return out
    }

    /// - Returns: true if more output is waiting.
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
