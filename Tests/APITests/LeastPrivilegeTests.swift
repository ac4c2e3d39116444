// The service's role in PostgreSQL needs only its own schema. Thread: any.
import Engine
import Server
import TestSupport
import Testing

@Suite("Least privilege", .timeLimit(.minutes(2)))
struct LeastPrivilegeTests {
    @Test("a role that owns one schema and has no other privilege is enough")
    func role() async throws {
        let role = "least_\(UInt32.random(in: 0 ... .max))"
        try await TestDatabase.with { database in
            // From now on every session of this database has that role.
            try await onDatabase(database) { session in
                try await session.execute(
                    """
                    CREATE ROLE \(role) NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
                    CREATE SCHEMA service AUTHORIZATION \(role);
                    REVOKE ALL ON SCHEMA public FROM PUBLIC;
                    DO $$ BEGIN
                        EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
                        EXECUTE format('ALTER DATABASE %I SET search_path = service', current_database());
                        EXECUTE format('ALTER DATABASE %I SET role = \(role)', current_database());
                    END $$
                    """)
            }
            let server = try await TestServer.start(database: database, runsBackground: true)
            let result: Result<Void, any Error>
            do { result = .success(try await use(server, database, as: role)) } catch { result = .failure(error) }
            await server.stop()
            try result.get()
        }
        try await TestDatabase.with { database in
            try await onDatabase(database) { try await $0.execute("DROP ROLE \(role)") }
        }
    }

    /// Creates, lists and cancels a job: this reads or writes every table.
    private func use(_ server: TestServer, _ database: String, as role: String) async throws {
        let user = try await onDatabase(database) { session in
            try await session.query(Statement("least.user", "SELECT current_user::text")).map { $0.text(0) }
        }
        #expect(user == [role])
        let lots = (0..<3).map {
            #"{"lot_id":"lot-\#($0)","images":[{"url":"http://127.0.0.1:9/a.jpg"}],"webhook":"http://127.0.0.1:9/h"}"#
        }
        let created = try await server.generate(
            #"{"lots":[\#(lots.joined(separator: ","))]}"#, headers: [("Idempotency-Key", "least")])
        #expect(created.status == 201, "\(created.text)")
        let job = try #require(created.json["job_id"]?.string)
        #expect(try await server.poll("/api/v1/batch-status/:job", job: job).status == 200)
        let cancelled = try await server.poll("/api/v1/batch-jobs/:job/cancel", job: job, method: "POST")
        #expect([200, 400].contains(cancelled.status), "\(cancelled.text)")
        let listed = try await server.poll("/api/v1/batch-jobs/:job/webhook-deliveries", job: job)
        #expect(listed.status == 200 && listed.json["deliveries"]?.array?.count == 1, "\(listed.text)")
        #expect(try await server.send("GET", "/health/ready").status == 200)
    }
}
