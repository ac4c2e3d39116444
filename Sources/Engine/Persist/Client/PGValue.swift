// A parameter of a statement and its binary format (big-endian, as PostgreSQL's `typreceive` functions read it).

/// A value for a `$n`.
public enum PGValue: Sendable {
    case null
    case bool(Bool)
    /// `integer`; a number that does not fit is refused with SQLSTATE 22003 before anything is sent.
    case int4(Int)
    /// `bigint`
    case int8(Int)
    /// `double precision`
    case double(Double)
    case text(String)
    /// `text`, already encoded. The server refuses it if it is not UTF-8 or contains a NUL.
    case utf8([UInt8])
    /// `bytea`
    case bytes([UInt8])
    case uuid(Identifier)
    /// `timestamptz`; the largest and the smallest ``Timestamp`` mean `infinity` and `-infinity`.
    case timestamp(Timestamp)
    case textArray([String])
    case int4Array([Int])
    case int8Array([Int])
    case uuidArray([Identifier])
    case utf8Array([[UInt8]])
}

extension PGValue {
    public static func bool(_ value: Bool?) -> PGValue { value.map { .bool($0) } ?? .null }
    public static func int4(_ value: Int?) -> PGValue { value.map { .int4($0) } ?? .null }
    public static func int8(_ value: Int?) -> PGValue { value.map { .int8($0) } ?? .null }
    public static func double(_ value: Double?) -> PGValue { value.map { .double($0) } ?? .null }
    public static func text(_ value: String?) -> PGValue { value.map { .text($0) } ?? .null }
    public static func utf8(_ value: [UInt8]?) -> PGValue { value.map { .utf8($0) } ?? .null }
    public static func bytes(_ value: [UInt8]?) -> PGValue { value.map { .bytes($0) } ?? .null }
    public static func uuid(_ value: Identifier?) -> PGValue { value.map { .uuid($0) } ?? .null }
    public static func timestamp(_ value: Timestamp?) -> PGValue { value.map { .timestamp($0) } ?? .null }
}

/// Object ids of the supported types, fixed in PostgreSQL's catalogue (pg_type.dat).
enum PGType {
    static let bool: UInt32 = 16
    static let bytea: UInt32 = 17
    static let int8: UInt32 = 20
    static let int2: UInt32 = 21
    static let int4: UInt32 = 23
    static let text: UInt32 = 25
    static let float4: UInt32 = 700
    static let float8: UInt32 = 701
    static let int4Array: UInt32 = 1007
    static let textArray: UInt32 = 1009
    static let int8Array: UInt32 = 1016
    static let timestamptz: UInt32 = 1184
    static let uuid: UInt32 = 2950
    static let uuidArray: UInt32 = 2951
    static let jsonb: UInt32 = 3802
}

extension PGValue {
    /// Type of the parameter; 0 lets the server infer it.
    var type: UInt32 {
        switch self {
        case .null: 0
        case .bool: PGType.bool
        case .int4: PGType.int4
        case .int8: PGType.int8
        case .double: PGType.float8
        case .text, .utf8: PGType.text
        case .bytes: PGType.bytea
        case .uuid: PGType.uuid
        case .timestamp: PGType.timestamptz
        case .textArray, .utf8Array: PGType.textArray
        case .int4Array: PGType.int4Array
        case .int8Array: PGType.int8Array
        case .uuidArray: PGType.uuidArray
        }
    }

    /// Appends the value without its length. Returns false for NULL, which has no bytes.
    func append(to out: inout [UInt8]) throws(DatabaseError) -> Bool {
        switch self {
        case .null: return false
        case .bool(let flag): out.append(flag ? 1 : 0)
        case .int4(let number): PGBinary.append(try PGBinary.int4(number), to: &out)
        case .int8(let number): PGBinary.append(Int64(number), to: &out)
        case .double(let number): PGBinary.append(number.bitPattern, to: &out)
        case .text(let text): out.append(contentsOf: text.utf8)
        case .utf8(let bytes), .bytes(let bytes): out.append(contentsOf: bytes)
        case .uuid(let id): PGBinary.append(id, to: &out)
        case .timestamp(let time): PGBinary.append(try PGBinary.wire(time), to: &out)
        case .textArray(let texts):
            try PGArray.append(texts, of: PGType.text, to: &out) { $1.append(contentsOf: $0.utf8) }
        case .utf8Array(let texts): try PGArray.append(texts, of: PGType.text, to: &out) { $1.append(contentsOf: $0) }
        case .uuidArray(let ids): try PGArray.append(ids, of: PGType.uuid, to: &out) { PGBinary.append($0, to: &$1) }
        case .int8Array(let numbers):
            try PGArray.append(numbers, of: PGType.int8, to: &out) { PGBinary.append(Int64($0), to: &$1) }
        case .int4Array(let numbers):
            try PGArray.append(numbers, of: PGType.int4, to: &out) { (number, out) throws(DatabaseError) in
                PGBinary.append(try PGBinary.int4(number), to: &out)
            }
        }
        return true
    }
}
