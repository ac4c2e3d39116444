// Tests of single bytes, shared by all parsers. Pure; any thread.

/// Inlined into other modules too, because the HTTP server calls these for each byte of a head.
public enum ASCII {
    @inlinable @inline(__always)
    public static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    @inlinable @inline(__always)
    public static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    @inlinable @inline(__always)
    public static func isLetterOrDigit(_ byte: UInt8) -> Bool { isDigit(byte) || isLetter(byte) }

    /// Returns the lower case of `A` to `Z`, and any other byte unchanged.
    @inlinable @inline(__always)
    public static func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    /// Compares without regard to the case of ASCII letters.
    @inlinable
    public static func matches(_ bytes: some Sequence<UInt8>, _ text: some Sequence<UInt8>) -> Bool {
        bytes.elementsEqual(text) { lower($0) == lower($1) }
    }
}
