// Values to PostgreSQL and back.
import Engine
import TestSupport
import Testing

@Suite("Round trips of values", .timeLimit(.minutes(1)))
struct TypeTests {
    @Test("every type survives the round trip to PostgreSQL")
    func roundTrip() async throws {
        try await withDatabase { database in
            let all = Statement("t.all", "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9::int2")
            let id = Identifier.random()
            let time = Timestamp(microseconds: 1_754_382_615_123_456)
            for (small, large, real) in [(0, 0, 0.0), (-1, .min, -0.5), (Int(Int32.max), .max, .infinity)]
                as [(Int, Int, Double)]
            {
                let rows = try await database.query(
                    all,
                    [
                        .bool(true), .int4(small), .int8(large), .double(real), .text("a \u{1F600}é\"'\\\n"),
                        .bytes([0, 1, 255, 0]), .uuid(id), .timestamp(time), .int4(-7),
                    ])
                let row = try #require(rows.first)
                #expect(row.bool(0) && row.int(1) == small && row.int(2) == large && row.double(3) == real)
                #expect(row.text(4) == "a \u{1F600}é\"'\\\n" && row.bytes(5) == [0, 1, 255, 0] && row.uuid(6) == id)
                #expect(row.timestamp(7) == time && row.int(8) == -7)
            }
        }
    }

    @Test("NULL in every type, and the empty text and bytea are not NULL")
    func nulls() async throws {
        try await withDatabase { database in
            let all = Statement(
                "t.null", "SELECT $1::text, $2::int4, $3::bytea, $4::uuid, $5::timestamptz, $6::bool, $7::float8")
            let nulls = try await database.query(all, Array(repeating: .null, count: 7))[0]
            #expect(nulls.optionalText(0) == nil && nulls.optionalInt(1) == nil && nulls.optionalBytes(2) == nil)
            #expect(nulls.optionalUUID(3) == nil && nulls.optionalTimestamp(4) == nil && nulls.optionalBool(5) == nil)
            #expect(nulls.optionalDouble(6) == nil && nulls.isNull(0))
            let missing: String? = nil
            let mixed = try await database.query(
                all, [.text(missing), .int4(1), .bytes([]), .null, .null, .bool(false), .double(1)])[0]
            #expect(mixed.isNull(0) && mixed.int(1) == 1 && mixed.bytes(2).isEmpty && mixed.bool(5) == false)
            #expect(try await database.query(Statement("t.empty", "SELECT $1"), [.text("")])[0].optionalText(0) == "")
        }
    }

    @Test("arrays, also empty ones and with NULLs refused")
    func arrays() async throws {
        try await withDatabase { database in
            let echo = Statement("t.arrays", "SELECT $1, $2, $3, $4, cardinality($5)")
            let ids = (0..<3).map { _ in Identifier.random() }
            let row = try await database.query(
                echo,
                [
                    .textArray(["", "é", "a,b\"}"]), .int4Array([-1, 2]), .int8Array([.min, .max]), .uuidArray(ids),
                    .utf8Array([[65], []]),
                ])[0]
            #expect(row.textArray(0) == ["", "é", "a,b\"}"] && row.intArray(1) == [-1, 2])
            #expect(row.intArray(2) == [.min, .max] && row.uuidArray(3) == ids && row.int(4) == 2)
            let empty = try await database.query(
                echo, [.textArray([]), .int4Array([]), .int8Array([]), .uuidArray([]), .utf8Array([])])[0]
            #expect(
                empty.textArray(0).isEmpty && empty.intArray(1).isEmpty && empty.uuidArray(3).isEmpty
                    && empty.int(4) == 0)
            let any = Statement("t.any", "SELECT count(*) FROM unnest($1) AS u WHERE u = ANY($2)")
            #expect(try await database.query(any, [.int4Array([1, 2, 3]), .int4Array([2, 3, 4])])[0].int(0) == 2)
        }
    }

    @Test("infinite and ancient times, and times outside PostgreSQL's range")
    func times() async throws {
        try await withDatabase { database in
            let echo = Statement("t.time", "SELECT $1, $1::text")
            let last = try await database.query(echo, [.timestamp(Timestamp(microseconds: .max))])[0]
            #expect(last.text(1) == "infinity" && last.timestamp(0).microseconds == .max)
            let first = try await database.query(echo, [.timestamp(Timestamp(microseconds: .min))])[0]
            #expect(first.text(1) == "-infinity" && first.timestamp(0).microseconds == .min)
            let old = try await database.query(echo, [.timestamp(Timestamp(microseconds: -62_135_596_800_000_000))])[0]
            #expect(old.text(1) == "0001-01-01 00:00:00+00")
            let error = await databaseError {
                _ = try await database.query(echo, [.timestamp(Timestamp(microseconds: .min + 1))])
            }
            #expect(error?.sqlState == "22008")
        }
    }

    @Test("a value out of range is an error of that statement alone")
    func refused() async throws {
        try await withDatabase { database in
            let text = Statement("t.text", "SELECT $1::text")
            #expect(await databaseError { _ = try await database.query(text, [.int4(1 << 40)]) }?.sqlState == "22003")
            #expect(await databaseError { _ = try await database.query(text, [.text("a\0b")]) }?.sqlState == "22021")
            #expect(await databaseError { _ = try await database.query(text, [.utf8([0xFF])]) }?.sqlState == "22021")
            let fine = try await database.query(text, [.text("fine")])
            #expect(fine[0].text(0) == "fine")
        }
    }

    @Test("a bytea of 32 MiB, jsonb and enums")
    func large() async throws {
        try await withDatabase { database in
            let bytes = [UInt8](unsafeUninitializedCapacity: 32 << 20) { buffer, count in
                for index in buffer.indices { buffer[index] = UInt8(truncatingIfNeeded: index &* 31) }
                count = buffer.count
            }
            let back = try await database.query(Statement("t.big", "SELECT $1, length($1)"), [.bytes(bytes)])[0]
            #expect(back.int(1) == bytes.count && back.bytes(0) == bytes)
            let json = try await database.query(
                Statement("t.json", "SELECT $1::jsonb, $1::json"), [.text(#"{"a":1}"#)])[0]
            #expect(json.text(0) == #"{"a": 1}"# && json.text(1) == #"{"a":1}"#)
            try await database.script("CREATE TYPE mood AS ENUM ('sad', 'glad')")
            #expect(
                try await database.query(Statement("t.enum", "SELECT $1::mood"), [.text("glad")])[0].text(0) == "glad")
        }
    }

    @Test("the session uses UTF-8 and UTC, and sets its application name")
    func settings() async throws {
        try await withDatabase({ $0.applicationName = "shard 1" }) { database in
            let show = Statement("t.show", "SELECT current_setting($1)")
            let expected = [
                ("TimeZone", "UTC"), ("client_encoding", "UTF8"), ("application_name", "shard 1"),
                ("statement_timeout", "30s"),
            ]
            for (name, value) in expected {
                let shown = try await database.query(show, [.text(name)])
                #expect(shown[0].text(0) == value)
            }
        }
    }
}
