// Calls while PostgreSQL is down, and after it is back.
import Engine
import Foundation
import TestSupport
import Testing

@Suite("A database that is down", .timeLimit(.minutes(1)))
struct AvailabilityTests {
    static let one = Statement("a.one", "SELECT 1")

    @Test("without a listener calls always fail at once, and closing works")
    func refused() async throws {
        try await onLoop { loop in
            let database = Database(
                on: loop, configuration: DatabaseConfiguration(url: "postgresql://u:secret@127.0.0.1:1/none"))
            database.start()
            // Forty calls that waited for their 5 s would exceed the suite's time limit.
            for _ in 0..<20 {
                let error = await databaseError { _ = try await database.query(Self.one) }
                #expect(error?.kind == .unavailable && error?.message.contains("secret") == false)
                let other = await databaseError { try await database.session { _ in } }
                #expect(other?.kind == .unavailable)
            }
            #expect(!database.isAvailable)
            await database.close()
        }
    }

    @Test("an unresolvable host and an invalid URL are unavailable too")
    func nonsense() async throws {
        try await onLoop { loop in
            for url in [
                "postgresql://no-such-host.invalid/none", "postgresql://u:secret@h:port%/x",
                "host=a,b hostaddr=127.0.0.1",
            ] {
                let database = Database(on: loop, configuration: DatabaseConfiguration(url: url))
                database.start()
                let error = await databaseError { _ = try await database.query(Self.one) }
                #expect(error?.kind == .unavailable && error?.message.contains("secret") == false)
                await database.close()
            }
        }
    }

    @Test("closing while names are looked up or connections are made leaves nothing behind")
    func closedEarly() async throws {
        try await TestDatabase.with { url in
            try await onLoop { loop in
                for address in [url, url.replacingOccurrences(of: "127.0.0.1", with: "localhost")] {
                    let database = Database(on: loop, configuration: DatabaseConfiguration(url: address))
                    database.start()
                    await loop.yield()
                    await database.close()
                    let error = await databaseError { _ = try await database.query(Self.one) }
                    #expect(error?.kind == .unavailable)
                }
            }
        }
    }

    @Test("the first answering host serves: refusing, unresolvable and silent hosts are skipped")
    func severalHosts() async throws {
        try await TestDatabase.with { url in
            let silent = try SilentServer()
            let parts = try #require(URLComponents(string: url))
            let good = "\(parts.host ?? ""):\(parts.port ?? 5432)"
            let login = (parts.percentEncodedUser ?? "") + (parts.percentEncodedPassword.map { ":" + $0 } ?? "")
            for others in ["127.0.0.1:1", "no-such-host.invalid:5432", "127.0.0.1:\(silent.port)"] {
                try await onLoop { loop in
                    var configuration = DatabaseConfiguration(
                        url: "postgresql://\(login)@\(others),\(good)\(parts.path)")
                    configuration.connectSeconds = 1
                    let database = Database(on: loop, configuration: configuration)
                    database.start()
                    try await eventually(loop) { await databaseError { _ = try await database.query(Self.one) } == nil }
                    await database.close()
                }
            }
            silent.close()
        }
    }

    @Test("a query's wait for a silent server is short")
    func silent() async throws {
        let silent = try SilentServer()
        try await onLoop { loop in
            var configuration = DatabaseConfiguration(url: "postgresql://u@127.0.0.1:\(silent.port)/none")
            configuration.connectSeconds = 0.2
            let database = Database(on: loop, configuration: configuration)
            database.start()
            let first = await databaseError { _ = try await database.query(Self.one) }
            #expect(first?.kind == .unavailable)
            var second: DatabaseError.Kind?
            let asking = loop.spawn { second = await databaseError { _ = try await database.query(Self.one) }?.kind }
            #expect(second == .unavailable)  // in the turn of the call
            await asking.value
            await database.close()
        }
        silent.close()
    }

    @Test("after a kill of every backend calls fail, then succeed again without help")
    func recovery() async throws {
        try await withDatabase { database in
            let loop = try #require(Loop.current)
            let kill = Statement(
                "a.kill",
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()
                """
            )
            for _ in 0..<3 {
                _ = try? await database.query(kill)
                try await eventually(loop) { await databaseError { _ = try await database.query(Self.one) } == nil }
                try await eventually(loop) {
                    await databaseError { try await database.session { try await $0.execute("SELECT 1") } } == nil
                }
            }
            #expect(database.isAvailable)
        }
    }
}

/// Listens and never answers.
private struct SilentServer {
    let descriptor: Int32
    let port: Int

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, generic, &length) == 0
            }
        }
        try #require(bound)
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    func close() { _ = Glibc.close(descriptor) }
}
