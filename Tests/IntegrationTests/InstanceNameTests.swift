// Who goes by which name: an instance's own is never taken from it, and a killed one's is had again. Loop-bound.
import Engine
import TestSupport
import Testing

@Suite("Names of instances", .timeLimit(.minutes(2)))
struct InstanceNameTests {
    /// One process's part, without the process.
    private struct Instance {
        let database: Database
        let configuration = WorkConfiguration(instance: "a")
        let keeper: NameKeeper

        init(_ database: Database, on loop: Loop) {
            self.database = database
            keeper = NameKeeper(on: loop, database: database, configuration: configuration)
        }

        var name: String { configuration.instance }

        func beats() async throws -> Bool {
            try await Instances.beat(database, instance: name, incarnation: configuration.incarnation)
        }
    }

    private static let holders = """
        SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """
    private static let holder = Statement("t_holder", holders)
    private static let kill = Statement("t_kill", "SELECT pg_terminate_backend(pid) FROM (\(holders)) AS all_holders")

    private static func until(_ loop: Loop, _ holds: () async throws -> Bool) async throws {
        while try await !holds() { try await loop.sleep(seconds: 0.01) }
    }

    @Test("C5.1: the second of a name goes by another one; both have heartbeats; the name is free after its holder")
    func second() async throws {
        try await withMigratedDatabase { loop, database in
            let (first, second) = (Instance(database, on: loop), Instance(database, on: loop))
            try await first.keeper.take()
            try await second.keeper.take()
            #expect(first.name == "a")
            #expect(second.name.hasPrefix("a-") && second.name.count == 10)
            #expect(try await first.beats())
            #expect(try await second.beats())
            await first.keeper.close()
            let third = Instance(database, on: loop)
            try await third.keeper.take()
            #expect(third.name == "a")
            #expect(try await third.beats())
            #expect(try await !first.beats())
            for one in [second, third] { await one.keeper.close() }
        }
    }

    @Test("C5.1: a name whose connection broke is taken again")
    func broken() async throws {
        try await withMigratedDatabase { loop, database in
            let one = Instance(database, on: loop)
            try await one.keeper.take()
            let before = try await database.query(Self.holder).map { $0.int(0) }
            #expect(before.count == 1)
            _ = try await database.query(Self.kill)
            try await Self.until(loop) {
                let now = try await database.query(Self.holder).map { $0.int(0) }
                return now.count == 1 && now != before
            }
            #expect(one.name == "a")
            #expect(try await one.beats())
            await one.keeper.close()
        }
    }

    @Test("C5.1: who lost its name to another goes on under a new one, with its leases and key claims")
    func lost() async throws {
        try await withMigratedDatabase { loop, database in
            let one = Instance(database, on: loop)
            let id = one.configuration.incarnation
            try await one.keeper.take()
            try await database.session { session in
                try await session.execute(
                    """
                    INSERT INTO batch_jobs (id, version, languages, total_lots, webhook_configured, lease_instance,
                        lease_incarnation) VALUES (gen_random_uuid(), '1.0.0', '{en}', 1, false, 'a', '\(id)');
                    INSERT INTO idempotency_keys (key, fingerprint, claim, instance_id, incarnation)
                        VALUES ('k', '', gen_random_uuid(), 'a', '\(id)')
                    """)
            }
            // The lock goes to the one that waits for it in the moment in which its holder's connection ends.
            let other = LoopTask(on: loop) {
                try await database.session { session in
                    try await session.execute(
                        "SELECT pg_advisory_lock(hashtextextended('generation-service instance a', 0))")
                    _ = try await Instances.enter(session, instance: "a", incarnation: .random())
                    #expect(try await !one.beats())
                    try await Self.until(loop) { one.name != "a" }
                    try await session.execute("SELECT pg_advisory_unlock_all()")
                }
            }
            let waits = Statement(
                "t_waits",
                """
                SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                """)
            try await Self.until(loop) { try await database.query(waits)[0].int(0) == 1 }
            _ = try await database.query(Self.kill)
            try await other.value()
            #expect(try await one.beats())
            #expect(try await ClaimJobs.free(database, silentSeconds: 10, limit: 5).isEmpty)
            let keys = Statement("t_keys", "SELECT instance_id FROM idempotency_keys")
            #expect(try await database.query(keys)[0].text(0) == one.name)
            await one.keeper.close()
        }
    }
}
