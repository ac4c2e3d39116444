// PostgreSQL's binary formats of single values. Pure.

enum PGBinary {
    /// Microseconds from 1970 to PostgreSQL's epoch, 2000-01-01.
    static let epoch: Int64 = 946_684_800_000_000

    static func append(_ number: some FixedWidthInteger, to out: inout [UInt8]) {
        withUnsafeBytes(of: number.bigEndian) { out.append(contentsOf: $0) }
    }

    static func append(_ id: Identifier, to out: inout [UInt8]) {
        append(id.high, to: &out)
        append(id.low, to: &out)
    }

    /// Writes the number of bytes that follow into the four bytes at `start`.
    static func setLength(at start: Int, in out: inout [UInt8]) {
        let length = Int32(out.count - start - 4).bigEndian
        withUnsafeBytes(of: length) { out.replaceSubrange(start..<start + 4, with: $0) }
    }

    static func int4(_ number: Int) throws(DatabaseError) -> Int32 {
        guard let small = Int32(exactly: number) else {
            throw DatabaseError(.statement(sqlState: "22003"), "a number does not fit into integer")
        }
        return small
    }

    /// Converts to the wire format. The extreme values mean `infinity` and `-infinity` on both sides.
    static func wire(_ time: Timestamp) throws(DatabaseError) -> Int64 {
        if time.microseconds == .max || time.microseconds == .min { return time.microseconds }
        let (moved, overflow) = time.microseconds.subtractingReportingOverflow(epoch)
        guard !overflow else {
            throw DatabaseError(.statement(sqlState: "22008"), "a time is out of PostgreSQL's range")
        }
        return moved
    }

    /// The inverse of `wire`. PostgreSQL's last year (294276) exceeds the last one of Timestamp (294247); such a time
    /// becomes the last Timestamp.
    static func timestamp(wire: Int64) -> Timestamp {
        if wire == .max || wire == .min { return Timestamp(microseconds: wire) }
        let (moved, overflow) = wire.addingReportingOverflow(epoch)
        return Timestamp(microseconds: overflow ? .max - 1 : moved)
    }

    /// Reads a big-endian number at `offset`. The caller has checked the length.
    static func load<Number: FixedWidthInteger>(
        _ type: Number.Type, _ bytes: UnsafeRawBufferPointer, at offset: Int = 0
    )
        -> Number
    {
        Number(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}

/// One-dimensional arrays: dimensions, has-nulls flag, element type, then size and lower bound per dimension, then
/// the elements, each with its length.
enum PGArray {
    static func append<Element>(
        _ elements: [Element], of type: UInt32, to out: inout [UInt8],
        _ write: (Element, inout [UInt8]) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        PGBinary.append(Int32(elements.isEmpty ? 0 : 1), to: &out)
        PGBinary.append(Int32(0), to: &out)
        PGBinary.append(type, to: &out)
        guard !elements.isEmpty else { return }
        PGBinary.append(Int32(elements.count), to: &out)
        PGBinary.append(Int32(1), to: &out)
        for element in elements {
            let start = out.count
            PGBinary.append(Int32(0), to: &out)
            try write(element, &out)
            PGBinary.setLength(at: start, in: &out)
        }
    }

    /// Returns the elements of an array value; nil if it has several dimensions, a NULL or too few bytes.
    static func elements<Element>(
        of bytes: UnsafeRawBufferPointer, _ read: (UnsafeRawBufferPointer) -> Element?
    ) -> [Element]? {
        guard bytes.count >= 12 else { return nil }
        let dimensions = PGBinary.load(Int32.self, bytes)
        if dimensions == 0 { return [] }
        guard dimensions == 1, bytes.count >= 20 else { return nil }
        var offset = 20
        var out: [Element] = []
        for _ in 0..<PGBinary.load(Int32.self, bytes, at: 12) {
            guard offset + 4 <= bytes.count else { return nil }
            let length = Int(PGBinary.load(Int32.self, bytes, at: offset))
            offset += 4
            guard length >= 0, offset + length <= bytes.count else { return nil }
            guard let element = read(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])) else {
                return nil
            }
            out.append(element)
            offset += length
        }
        return out
    }
}
