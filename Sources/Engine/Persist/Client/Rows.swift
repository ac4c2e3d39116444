// A statement's result. Frees: the PGresult, with the last Rows or Row that refers to it. Thread: the loop's.
import CShims

/// Owns a PGresult.
final class PGResultOwner {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { PQclear(pointer) }
}

/// The rows of a statement's result, in memory.
public struct Rows: RandomAccessCollection {
    private let result: PGResultOwner?

    init(_ result: PGResultOwner?) { self.result = result }

    public var startIndex: Int { 0 }
    public var endIndex: Int { result.map { Int(PQntuples($0.pointer)) } ?? 0 }

    public subscript(position: Int) -> Row {
        guard let result, position >= 0, position < endIndex else { preconditionFailure("row index out of range") }
        return Row(result: result, number: Int32(position))
    }

    /// Number of rows inserted, updated, deleted or selected.
    public var affected: Int {
        guard let result, let text = PQcmdTuples(result.pointer) else { return 0 }
        return Int(String(cString: text)) ?? 0
    }

    /// The server's command tag: `INSERT 0 1`, `COMMIT`, `ROLLBACK`.
    var commandTag: String {
        guard let result, let text = PQcmdStatus(result.pointer) else { return "" }
        return String(cString: text)
    }
}

/// One row. Columns count from 0. Reading NULL, or another type than the column's, is a programming error and traps
/// with the column's name. Use the `optional` forms for columns that can be NULL.
public struct Row {
    let result: PGResultOwner
    let number: Int32

    public func isNull(_ column: Int) -> Bool { PQgetisnull(result.pointer, number, Int32(column)) != 0 }

    /// Passes the value's bytes in wire format: `text` as UTF-8, `bytea` raw,
    /// numbers big-endian. Valid inside `body` only.
    public func withBytes<Value>(_ column: Int, _ body: (UnsafeRawBufferPointer) throws -> Value) rethrows -> Value {
        guard !isNull(column) else { trap(column, "is NULL") }
        let length = PQgetlength(result.pointer, number, Int32(column))
        return try body(
            UnsafeRawBufferPointer(start: PQgetvalue(result.pointer, number, Int32(column)), count: Int(length)))
    }

    /// Number of bytes that ``withBytes(_:_:)`` passes; 0 for NULL.
    public func length(_ column: Int) -> Int { Int(PQgetlength(result.pointer, number, Int32(column))) }

    /// Reads a `smallint`, `integer` or `bigint`.
    public func int(_ column: Int) -> Int {
        withBytes(column) { bytes in
            switch type(column) {
            case PGType.int8: Int(PGBinary.load(Int64.self, bytes))
            case PGType.int4: Int(PGBinary.load(Int32.self, bytes))
            case PGType.int2: Int(PGBinary.load(Int16.self, bytes))
            default: trap(column, "is not an integer")
            }
        }
    }

    /// Reads a `text`, `varchar`, enum, `json` or `jsonb`.
    public func text(_ column: Int) -> String {
        withBytes(column) { String(decoding: $0.dropFirst(type(column) == PGType.jsonb ? 1 : 0), as: UTF8.self) }
    }

    public func bool(_ column: Int) -> Bool {
        require(column, PGType.bool, "is not a boolean")
        return withBytes(column) { $0[0] != 0 }
    }

    /// Reads a `double precision` or `real`.
    public func double(_ column: Int) -> Double {
        withBytes(column) { bytes in
            switch type(column) {
            case PGType.float8: Double(bitPattern: PGBinary.load(UInt64.self, bytes))
            case PGType.float4: Double(Float(bitPattern: PGBinary.load(UInt32.self, bytes)))
            default: trap(column, "is not a double")
            }
        }
    }

    /// Reads a `bytea`, or the UTF-8 of a text.
    public func bytes(_ column: Int) -> [UInt8] { withBytes(column) { [UInt8]($0) } }

    public func uuid(_ column: Int) -> Identifier {
        require(column, PGType.uuid, "is not a uuid")
        return withBytes(column) {
            Identifier(high: PGBinary.load(UInt64.self, $0), low: PGBinary.load(UInt64.self, $0, at: 8))
        }
    }

    /// Reads a `timestamptz`; `infinity` is the largest ``Timestamp``, `-infinity` the smallest.
    public func timestamp(_ column: Int) -> Timestamp {
        require(column, PGType.timestamptz, "is not a timestamptz")
        return withBytes(column) { PGBinary.timestamp(wire: PGBinary.load(Int64.self, $0)) }
    }

    /// Reads a `text[]` or `varchar[]` without NULLs.
    public func textArray(_ column: Int) -> [String] { array(column) { String(decoding: $0, as: UTF8.self) } }

    /// Reads an `integer[]` or `bigint[]` without NULLs.
    public func intArray(_ column: Int) -> [Int] {
        array(column) { bytes in
            switch bytes.count {
            case 4: Int(PGBinary.load(Int32.self, bytes))
            case 8: Int(PGBinary.load(Int64.self, bytes))
            default: nil
            }
        }
    }

    public func uuidArray(_ column: Int) -> [Identifier] { array(column) { Identifier(bytes: $0) } }

    public func optionalInt(_ column: Int) -> Int? { isNull(column) ? nil : int(column) }
    public func optionalText(_ column: Int) -> String? { isNull(column) ? nil : text(column) }
    public func optionalBool(_ column: Int) -> Bool? { isNull(column) ? nil : bool(column) }
    public func optionalDouble(_ column: Int) -> Double? { isNull(column) ? nil : double(column) }
    public func optionalBytes(_ column: Int) -> [UInt8]? { isNull(column) ? nil : bytes(column) }
    public func optionalUUID(_ column: Int) -> Identifier? { isNull(column) ? nil : uuid(column) }
    public func optionalTimestamp(_ column: Int) -> Timestamp? { isNull(column) ? nil : timestamp(column) }

    private func type(_ column: Int) -> UInt32 { PQftype(result.pointer, Int32(column)) }

    private func require(_ column: Int, _ expected: UInt32, _ complaint: String) {
        if type(column) != expected { trap(column, complaint) }
    }

    private func array<Element>(_ column: Int, _ read: (UnsafeRawBufferPointer) -> Element?) -> [Element] {
        guard let elements = withBytes(column, { PGArray.elements(of: $0, read) }) else {
            trap(column, "is not an array of that type without NULLs")
        }
        return elements
    }

    private func trap(_ column: Int, _ complaint: String) -> Never {
        let name = PQfname(result.pointer, Int32(column)).map { String(cString: $0) } ?? "that does not exist"
        preconditionFailure("column \(column) (\(name)) \(complaint)")
    }
}
