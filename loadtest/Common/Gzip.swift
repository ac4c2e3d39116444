// Compresses a spool file with zlib, piece by piece. Frees: zlib's state before it returns. Thread: any one.
import CShims

enum Gzip {
    private static let pieceBytes = 256 * 1024
    /// The level of the `gzip` command.
    private static let level: Int32 = 6
    /// A 32 KB window, and gzip's frame instead of zlib's.
    private static let windowBits: Int32 = 15 + 16

    /// Compresses the file to gzip's form (RFC 1952).
    static func compress(_ file: SpoolFile) throws(SpoolFile.Failure) -> SpoolFile {
        let out = try SpoolFile()
        var stream = z_stream()
        let failure = deflateInit2_(
            &stream, level, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard failure == Z_OK else { throw SpoolFile.Failure(reason: "no memory to compress") }
        defer { deflateEnd(&stream) }
        var at = 0
        repeat {
            var piece = try file.read(at: at, length: pieceBytes)
            at += piece.count
            try deflate(&piece, isLast: at == file.count, &stream, to: out)
        } while at < file.count
        return out
    }

    private static func deflate(
        _ piece: inout [UInt8], isLast: Bool, _ stream: inout z_stream, to out: SpoolFile
    ) throws(SpoolFile.Failure) {
        var left = piece.count
        var isFull = true
        while isFull {
            var made = 0
            let from = piece.count - left
            let bytes = [UInt8](unsafeUninitializedCapacity: pieceBytes) { buffer, initialized in
                piece.withUnsafeMutableBufferPointer { input in
                    stream.next_in = input.baseAddress.map { $0 + from }
                    stream.avail_in = UInt32(left)
                    stream.next_out = buffer.baseAddress
                    stream.avail_out = UInt32(buffer.count)
                    CShims.deflate(&stream, isLast ? Z_FINISH : Z_NO_FLUSH)
                    left = Int(stream.avail_in)
                    made = buffer.count - Int(stream.avail_out)
                }
                initialized = made
            }
            try out.append(bytes)
            isFull = made == pieceBytes
        }
    }
}
