// The parameters of one execution in libpq's form: parallel arrays. Frees nothing:
// Swift owns the bytes. Thread: the loop's.
import CShims

/// All values of a statement in one buffer.
struct PGParameters {
    private(set) var types: [Oid] = []
    private var bytes: [UInt8] = []
    /// Start of each value; -1 for NULL.
    private var offsets: [Int] = []
    private var lengths: [Int32] = []

    init(_ values: [PGValue]) throws(DatabaseError) {
        guard !values.isEmpty else { return }
        types.reserveCapacity(values.count)
        for value in values {
            let start = bytes.count
            types.append(value.type)
            offsets.append(try value.append(to: &bytes) ? start : -1)
            lengths.append(Int32(bytes.count - start))
        }
        bytes.append(0)  // so that the address of an empty last value lies within the buffer
    }

    /// Key of a preparation: the text and its parameter types, because one text with
    /// other types needs another preparation.
    func key(_ sql: String) -> String {
        var key = sql
        for type in types {
            key += "\u{1}"
            key += String(type)
        }
        return key
    }

    /// Calls PQsendPrepare. Returns false if the connection is broken.
    func sendPrepare(_ connection: OpaquePointer, name: String, sql: String) -> Bool {
        PQsendPrepare(connection, name, sql, Int32(types.count), types) == 1
    }

    /// Calls PQsendQueryPrepared for binary results. Returns false if the connection is broken.
    func sendExecute(_ connection: OpaquePointer, name: String) -> Bool {
        let count = Int32(offsets.count)
        guard count > 0 else { return PQsendQueryPrepared(connection, name, 0, nil, nil, nil, 1) == 1 }
        let formats = [Int32](repeating: 1, count: offsets.count)
        return bytes.withUnsafeBytes { buffer in
            let base = buffer.baseAddress!.assumingMemoryBound(to: CChar.self)  // never empty: see init
            let values: [UnsafePointer<CChar>?] = offsets.map { $0 < 0 ? nil : base + $0 }
            return PQsendQueryPrepared(connection, name, count, values, lengths, formats, 1) == 1
        }
    }
}
