// The schema after all migrations, against the snapshot beside this file.
import Foundation
import TestSupport
import Testing

@testable import Engine

@Suite("The schema", .timeLimit(.minutes(1)))
struct SchemaTests {
    private static let columns = Statement(
        "schema_columns",
        """
        SELECT format('%s.%s %s%s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
            CASE WHEN a.attnotnull THEN ' not null' ELSE '' END,
            CASE a.attcompression WHEN 'l' THEN ' lz4' ELSE '' END)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY c.relname COLLATE "C", a.attnum
        """)
    private static let constraints = Statement(
        "schema_constraints",
        """
        SELECT format('%s: %s', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
        ORDER BY conrelid::regclass::text COLLATE "C", pg_get_constraintdef(oid) COLLATE "C"
        """)
    private static let indexes = Statement(
        "schema_indexes",
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname COLLATE \"C\"")

    private static var snapshot: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("schema.txt")
    }

    /// With `UPDATE_SCHEMA_SNAPSHOT=1` it writes the snapshot instead: review the diff before the commit.
    @Test("equals the snapshot, so that a review shows each change")
    func matchesSnapshot() async throws {
        let actual = try await TestDatabase.with { url in
            try await onLoop { loop in
                let database = Database(on: loop, configuration: DatabaseConfiguration(url: url))
                database.start()
                defer { loop.spawn { await database.close() } }
                try await database.session { session in
                    _ = try await Migrator.run(session, migrations: Migrations.all)
                }
                return try await Self.describe(database)
            }
        }
        if ProcessInfo.processInfo.environment["UPDATE_SCHEMA_SNAPSHOT"] != nil {
            try actual.write(to: Self.snapshot, atomically: true, encoding: .utf8)
        }
        let kept = try String(contentsOf: Self.snapshot, encoding: .utf8)
        let difference = actual.split(separator: "\n").difference(from: kept.split(separator: "\n"))
        #expect(difference.isEmpty)
    }

    private static func describe(_ database: Database) async throws -> String {
        var lines: [String] = []
        for (title, statement) in [("columns", columns), ("constraints", constraints), ("indexes", indexes)] {
            lines.append("-- \(title)")
            lines += try await database.query(statement).map { $0.text(0) }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    @Test("lists of states in queries equal those of the open jobs' index and of the checks")
    func lists() {
        #expect(Migration001.sql.contains("WHERE status IN (\(KnownTexts.openJobs)) OR cleanup_pending"))
        #expect(Migration001.sql.contains("CHECK (status IN (\(KnownTexts.openJobs), \(KnownTexts.endedJobs)))"))
        let deliveries = DeliveryStatus.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        #expect(Migration001.sql.contains("CHECK (status IN (\(deliveries)))"))
    }
}
