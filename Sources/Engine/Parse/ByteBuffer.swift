// Where the canonical text is written: bytes without a check for each of them. Pure. Thread: any. Frees: its memory,
// in deinit.

/// Room is made once for many bytes (`reserve`), then they are put without further checks; a debug build checks them
/// all. Keeps its memory until `shrink`.
package struct ByteBuffer: ~Copyable {
    private(set) var count = 0
    private var capacity = 0
    private var base = UnsafeMutableRawPointer.allocate(byteCount: 0, alignment: 16)

    deinit { base.deallocate() }

    /// What was written. Valid until the next change.
    package var bytes: UnsafeBufferPointer<UInt8> {
        // Unsafe: the first `count` bytes have been written.
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

    /// One byte into reserved room.
    @inline(__always)
    mutating func put(_ byte: UInt8) { put(byte, 1) }

    /// The first `length` bytes of `value` into reserved room; there must be room for all of it.
    @inline(__always)
    mutating func put<Value: BitwiseCopyable>(_ value: Value, _ length: Int) {
        assert(MemoryLayout<Value>.size <= capacity - count && length <= MemoryLayout<Value>.size)
        // Unsafe: the caller has reserved the room, which a debug build has just checked.
        unsafe base.storeBytes(of: value, toByteOffset: count, as: Value.self)
        count &+= length
    }

    /// Makes room for `most` bytes, which `body` writes from the address that it is given; it returns how many. For
    /// loops, which keep an address better than a buffer.
    @inline(__always)
    mutating func fill(_ most: Int, _ body: (UnsafeMutableRawPointer) -> Int) {
        reserve(most)
        // Unsafe: `body` keeps to the room that was made.
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
        // Unsafe: room was made in the line before.
        unsafe added.withUnsafeBytes { source in
            guard let from = source.baseAddress else { return }
            unsafe (base + count).copyMemory(from: from, byteCount: source.count)
        }
        count += added.count
    }

    mutating func append(_ literal: StaticString) {
        // Unsafe: a StaticString's bytes are constant and live for ever.
        unsafe append(UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount).span)
    }

    /// Forgets what stands behind the first `length` bytes.
    @inline(__always)
    mutating func truncate(to length: Int) {
        precondition(0...count ~= length)
        count = length
    }

    /// Gives back memory of which more than `bytes` is held.
    mutating func shrink(to bytes: Int) {
        if capacity > bytes { self = ByteBuffer() }
    }
}
