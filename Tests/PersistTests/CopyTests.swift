// COPY in both directions against a real server.
import Engine
import TestSupport
import Testing

@Suite("COPY", .timeLimit(.minutes(1)))
struct CopyTests {
    static let rows = 100_000

    static func frames(_ range: Range<Int>) -> [UInt8] {
        var out: [UInt8] = []
        for number in range {
            CopyBinary.beginRow(fields: 3, to: &out)
            CopyBinary.append(int4: Int32(number), to: &out)
            CopyBinary.append(text: "lot \(number) é", to: &out)
            if number % 2 == 0 {
                CopyBinary.append(bytes: [1, 2, 3], to: &out)
            } else {
                CopyBinary.appendNull(to: &out)
            }
        }
        return out
    }

    static let table = "CREATE TABLE t (a integer, b text, c bytea)"
    static let copyIn = "COPY t (a, b, c) FROM STDIN (FORMAT binary)"

    @Test("a hundred thousand rows in and out again, the same bytes")
    func inAndOut() async throws {
        try await withDatabase { database in
            try await database.script(Self.table)
            var sent = CopyBinary.header
            let count = try await database.transaction { session in
                let copy = try await session.copyIn(Self.copyIn)
                try await copy.write(CopyBinary.header)
                for start in stride(from: 0, to: Self.rows, by: 1000) {
                    let frames = Self.frames(start..<start + 1000)
                    sent += frames
                    try await copy.write(frames)
                }
                try await copy.write(CopyBinary.trailer)
                return try await copy.finish()
            }
            sent += CopyBinary.trailer
            #expect(count == Self.rows)
            let back = try await database.session { session in
                let copy = try await session.copyOut(
                    "COPY (SELECT a, b, c FROM t ORDER BY a) TO STDOUT (FORMAT binary)")
                var back: [UInt8] = []
                while let piece = try await copy.next() { back += piece }
                // The connection can be used again.
                let rows = try await session.query(Statement("c.sum", "SELECT count(c) FROM t"))
                #expect(rows[0].int(0) == Self.rows / 2)
                return back
            }
            #expect(back == sent)
        }
    }

    @Test("bad data is refused at the end, nothing is kept, and the connection lives on")
    func badData() async throws {
        try await withDatabase({ $0.connections = 1 }) { database in
            try await database.script(Self.table)
            let error = await databaseError {
                try await database.session { session in
                    let copy = try await session.copyIn("COPY t (a) FROM STDIN")
                    try await copy.write(Array("1\nnonsense\n".utf8))
                    for _ in 0..<100 { try await copy.write(Array(repeating: UInt8(ascii: "1"), count: 100_000)) }
                    _ = try await copy.finish()
                }
            }
            #expect(error?.sqlState == "22P02" && error?.message.contains("nonsense") == false)
            let rows = try await database.session { try await $0.query(Statement("c.count", "SELECT count(*) FROM t")) }
            #expect(rows[0].int(0) == 0)
        }
    }

    @Test("a COPY cancelled, or left open, leaves nothing")
    func givenUp() async throws {
        try await withDatabase({ $0.connections = 1 }) { database in
            try await database.script(Self.table)
            try await database.session { session in
                let copy = try await session.copyIn(Self.copyIn)
                try await copy.write(CopyBinary.header + Self.frames(0..<10))
                try await copy.fail("the signature is wrong")
                let rows = try await session.query(Statement("c.count", "SELECT count(*) FROM t"))
                #expect(rows[0].int(0) == 0)
            }
            try await database.session { session in
                let copy = try await session.copyIn(Self.copyIn)
                try await copy.write(CopyBinary.header + Self.frames(0..<10))
            }
            try await database.session { session in
                let copy = try await session.copyOut("COPY (SELECT generate_series(1, 1000000)) TO STDOUT")
                _ = try await copy.next()
            }
            let rows = try await database.session { try await $0.query(Statement("c.count", "SELECT count(*) FROM t")) }
            #expect(rows[0].int(0) == 0)
        }
    }

    @Test("COPY in waits for a server that does not read, in little memory")
    func backPressureIn() async throws {
        try await withDatabase { database in
            let loop = try #require(Loop.current)
            try await database.script(
                Self.table + """
                    ;CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
                        'BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NEW; END';
                    CREATE TRIGGER hold BEFORE INSERT ON t FOR EACH ROW WHEN (NEW.a = 500) EXECUTE FUNCTION hold()
                    """)
            var sent = 0
            var copied = 0
            let frames = Self.frames(0..<1000)
            var task: Task<Void, Never>?
            try await database.transaction { holder in
                _ = try await holder.query(Statement("c.lock", "SELECT pg_advisory_xact_lock(7)"))
                task = loop.spawn {
                    copied =
                        (try? await database.session { session in
                            let copy = try await session.copyIn(Self.copyIn)
                            try await copy.write(CopyBinary.header)
                            for _ in 0..<2000 {
                                try await copy.write(frames)
                                sent += frames.count
                            }
                            try await copy.write(CopyBinary.trailer)
                            return try await copy.finish()
                        }) ?? -1
                }
                // It stops: no more bytes are accepted for a while.
                var seen = -1
                while seen != sent || sent == 0 {
                    seen = sent
                    try await loop.sleep(seconds: 0.2)
                }
                #expect(sent < frames.count * 2000 / 2)
            }
            await task?.value
            #expect(copied == 2_000_000)
        }
    }

    @Test("COPY out stops while its reader pauses, and continues")
    func backPressureOut() async throws {
        try await withDatabase { database in
            let loop = try #require(Loop.current)
            let busy = Statement("c.wait", "SELECT wait_event FROM pg_stat_activity WHERE pid = $1")
            try await database.session { session in
                let pid = try await session.query(Statement("c.pid", "SELECT pg_backend_pid()"))[0].int(0)
                let copy = try await session.copyOut(
                    "COPY (SELECT repeat('x', 1000) FROM generate_series(1, 50000)) TO STDOUT")
                var total = try #require(try await copy.next()).count
                // The server has filled the socket and waits for the client.
                try await eventually(loop) {
                    try await database.query(busy, [.int4(pid)])[0].optionalText(0) == "ClientWrite"
                }
                while let piece = try await copy.next() { total += piece.count }
                #expect(total == 50_000 * 1001)
            }
        }
    }

    @Test("an error in the middle of COPY out reaches the reader")
    func failingOut() async throws {
        try await withDatabase({ $0.connections = 1 }) { database in
            let error = await databaseError {
                try await database.session { session in
                    let copy = try await session.copyOut(
                        "COPY (SELECT 1 / (5000 - n) FROM generate_series(1, 10000) n) TO STDOUT")
                    while try await copy.next() != nil {}
                }
            }
            #expect(error?.sqlState == "22012")
            let wrong = await databaseError {
                try await database.session { _ = try await $0.copyIn("COPY no_such FROM STDIN") }
            }
            #expect(wrong?.sqlState == "42P01")
            let other = await databaseError { try await database.session { _ = try await $0.copyIn("SELECT 1") } }
            #expect(other?.sqlState == "42601")
        }
    }

    @Test("a task cancelled while COPY waits ends the connection")
    func cancelled() async throws {
        try await withDatabase({ $0.connections = 1 }) { database in
            let loop = try #require(Loop.current)
            var kind: DatabaseError.Kind?
            let task = loop.spawn {
                kind = await databaseError {
                    try await database.session { session in
                        let copy = try await session.copyOut("COPY (SELECT pg_sleep(30)) TO STDOUT")
                        _ = try await copy.next()
                    }
                }?.kind
            }
            try await loop.sleep(seconds: 0.05)
            task.cancel()
            await task.value
            #expect(kind == .cancelled)
            try await database.script("SELECT 1")
        }
    }
}
