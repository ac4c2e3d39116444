// Frames of COPY ... (FORMAT binary). Pure: appends to the caller's buffer.

/// Writes rows for `COPY table (columns) FROM STDIN (FORMAT binary)`: the header, then per row its field count and
/// fields, then the trailer. A field must have exactly the type of its column.
public enum CopyBinary {
    /// Signature, flags and an empty extension.
    public static let header: [UInt8] =
        Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00] + [0, 0, 0, 0] + [0, 0, 0, 0]
    public static let trailer: [UInt8] = [0xFF, 0xFF]

    /// Begins a row of `fields` fields.
    public static func beginRow(fields: Int, to out: inout [UInt8]) { PGBinary.append(Int16(fields), to: &out) }

    public static func appendNull(to out: inout [UInt8]) { PGBinary.append(Int32(-1), to: &out) }

    public static func append(int4 number: Int32, to out: inout [UInt8]) {
        PGBinary.append(Int32(4), to: &out)
        PGBinary.append(number, to: &out)
    }

    public static func append(uuid id: Identifier, to out: inout [UInt8]) {
        PGBinary.append(Int32(16), to: &out)
        PGBinary.append(id, to: &out)
    }

    public static func append(text: String, to out: inout [UInt8]) {
        PGBinary.append(Int32(text.utf8.count), to: &out)
        out.append(contentsOf: text.utf8)
    }

    /// Appends a `bytea`, or the UTF-8 of a `text`.
    public static func append(bytes: some Collection<UInt8>, to out: inout [UInt8]) {
        PGBinary.append(Int32(bytes.count), to: &out)
        out.append(contentsOf: bytes)
    }

    /// As `append(bytes:to:)`; nil appends NULL.
    public static func append(optionalBytes bytes: (some Collection<UInt8>)?, to out: inout [UInt8]) {
        guard let bytes else { return appendNull(to: &out) }
        append(bytes: bytes, to: &out)
    }

    /// Appends any value; slower than the typed forms.
    public static func append(_ value: PGValue, to out: inout [UInt8]) throws(DatabaseError) {
        let start = out.count
        PGBinary.append(Int32(-1), to: &out)
        if try value.append(to: &out) { PGBinary.setLength(at: start, in: &out) }
    }
}
