// Handles eight bytes of a text at once, for code that examines every byte. Swift's
// SIMD types compare lane by lane (6.3).
// Pure. Thread: any.

enum ByteBlock {
    /// Returns the 8 bytes at `index`, the first one lowest. The caller checks the bounds.
    @inline(__always)
    static func word(_ text: Span<UInt8>, at index: Int) -> UInt64 {
        assert(index >= 0 && index + 8 <= text.count)
        // Unsafe: an unaligned load; the caller checks the bounds.
        return unsafe UInt64(littleEndian: text.bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
    }

    /// Returns the 16 bytes at `index`. The caller checks the bounds.
    @inline(__always)
    static func words(_ text: Span<UInt8>, at index: Int) -> SIMD2<UInt64> {
        assert(index >= 0 && index + 16 <= text.count)
        // Unsafe: as above.
        let words = unsafe text.bytes.unsafeLoadUnaligned(fromByteOffset: index, as: SIMD2<UInt64>.self)
        return SIMD2(UInt64(littleEndian: words[0]), UInt64(littleEndian: words[1]))
    }

    /// Converts back to the order in memory.
    @inline(__always)
    static func bytes(_ words: SIMD2<UInt64>) -> SIMD2<UInt64> { SIMD2(words[0].littleEndian, words[1].littleEndian) }

    /// Sets the high bit of each byte equal to `byte`. Exact up to the first such
    /// byte, because borrows spread upwards only.
    @inline(__always)
    static func matches(_ word: UInt64, _ byte: UInt8) -> UInt64 {
        let rest = word ^ ones &* UInt64(byte)
        return (rest &- ones) & ~rest & highBits
    }

    /// Number of whole bytes below the lowest set bit; 8 if no bit is set.
    @inline(__always)
    static func prefix(before set: UInt64) -> Int { set.trailingZeroBitCount &>> 3 }

    static let ones: UInt64 = 0x0101_0101_0101_0101
    static let highBits: UInt64 = 0x8080_8080_8080_8080
}
