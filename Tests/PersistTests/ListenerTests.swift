// LISTEN and NOTIFY, and a killed listener.
import Engine
import TestSupport
import Testing

@Suite("Listening", .timeLimit(.minutes(1)))
struct ListenerTests {
    static let notify = Statement("l.notify", "SELECT pg_notify($1, $2)")
    static let kill = Statement(
        "l.kill",
        """
        SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE query LIKE 'LISTEN%' AND datname = current_database()
        """
    )

    @Test("notifications arrive in order; a killed listener reconnects and reports it")
    func listens() async throws {
        try await withDatabase { database in
            let loop = try #require(Loop.current)
            var heard: [String] = []
            var connects = 0
            let listener = DatabaseListener(on: loop, configuration: database.configuration)
            listener.subscribe(to: "jobs", received: { heard.append("jobs=\($0)") }, reconnected: { connects += 1 })
            listener.start()
            listener.subscribe(to: "cancels", received: { heard.append("cancels=\($0)") }, reconnected: {})
            listener.start()
            try await eventually(loop) { connects == 1 }
            for (channel, payload) in [("jobs", "1"), ("elsewhere", "x"), ("cancels", "é"), ("jobs", "")] {
                _ = try await database.query(Self.notify, [.text(channel), .text(payload)])
            }
            try await eventually(loop) { heard.count == 3 }
            #expect(heard == ["jobs=1", "cancels=é", "jobs="])

            #expect(try await database.query(Self.kill)[0].int(0) == 1)
            try await eventually(loop) { connects == 2 }
            _ = try await database.query(Self.notify, [.text("jobs"), .text("again")])
            try await eventually(loop) { heard.last == "jobs=again" }
            listener.close()
            #expect(!listener.isListening)
        }
    }

    @Test("a listener that cannot connect can be closed")
    func closes() async throws {
        try await onLoop { loop in
            let configuration = DatabaseConfiguration(url: "postgresql://127.0.0.1:1/none")
            let listener = DatabaseListener(on: loop, configuration: configuration)
            listener.subscribe(to: "jobs", received: { _ in }, reconnected: {})
            listener.start()
            try await loop.sleep(seconds: 0.15)
            listener.close()
        }
    }
}
