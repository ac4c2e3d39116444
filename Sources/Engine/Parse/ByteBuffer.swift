// Output buffer of the canonical text. Writes bytes without a bounds check per byte. Pure. Thread: any.
// Frees: its memory, in deinit.

/// Room for many bytes is reserved at once (`reserve`); later puts are unchecked, except in debug builds. The buffer
/// keeps its memory until `shrink`.
package struct ByteBuffer: ~Copyable {
    private(set) var count = 0
    private var capacity = 0
    private var base = UnsafeMutableRawPointer.allocate(byteCount: 0, alignment: 16)

    deinit { base.deallocate() }

    /// The bytes written so far. Valid until the next change.
    package var bytes: UnsafeBufferPointer<UInt8> {
        // Unsafe: the first `count` bytes are initialised.
        unsafe UnsafeBufferPointer(start: base.assumingMemoryBound(to: UInt8.self), count: count)
    }

    /// Makes room for `more` bytes.
    @inline(__always)
    mutating func reserve(_ more: Int) {
        if capacity &- count < more { grow(more) }
    }

    @inline(never)
    private mutating func grow(_ more: Int) {
        capacity = max(count + more, capacity + capacity / 2, 4096)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        larger.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = larger
    }

    /// Puts one byte into reserved room.
    @inline(__always)
    mutating func put(_ byte: UInt8) { put(byte, 1) }

    /// Puts the first `length` bytes of `value` into reserved room. There must be room for the whole value.
    @inline(__always)
    mutating func put<Value: BitwiseCopyable>(_ value: Value, _ length: Int) {
        assert(MemoryLayout<Value>.size <= capacity - count && length <= MemoryLayout<Value>.size)
        // Unsafe: the caller has reserved the room; a debug build checks it above.
        unsafe base.storeBytes(of: value, toByteOffset: count, as: Value.self)
        count &+= length
    }

    /// Reserves `most` bytes, lets `body` write them from the address it receives, and counts the bytes that `body`
    /// returns. Meant for loops: an address costs them less than this buffer.
    @inline(__always)
    mutating func fill(_ most: Int, _ body: (UnsafeMutableRawPointer) -> Int) {
        reserve(most)
        // Unsafe: `body` must stay within the reserved room.
        let written = unsafe body(base + count)
        assert(0...most ~= written)
        count &+= written
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        reserve(1)
        put(byte)
    }

    mutating func append(_ added: Span<UInt8>) {
        reserve(added.count)
        // Unsafe: the line above has made the room.
        unsafe added.withUnsafeBytes { source in
            guard let from = source.baseAddress else { return }
            unsafe (base + count).copyMemory(from: from, byteCount: source.count)
        }
        count += added.count
    }

    mutating func append(_ literal: StaticString) {
        // Unsafe: a StaticString's bytes are constant and never freed.
        unsafe append(UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount).span)
    }

    /// Drops everything after the first `length` bytes.
    @inline(__always)
    mutating func truncate(to length: Int) {
        precondition(0...count ~= length)
        count = length
    }

    /// Frees the memory if more than `bytes` bytes are held.
    mutating func shrink(to bytes: Int) {
        if capacity > bytes { self = ByteBuffer() }
    }
}
