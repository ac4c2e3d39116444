// The fault laboratory in its short form; `make chaos` is the long one. A failure reports the seed that repeats it.
import ArgumentParser
import Engine
import Foundation
import TestSupport
import Testing

@testable import LoadtestKit

@Suite("The fault laboratory", .timeLimit(.minutes(10)), .serialized)
struct ChaosTests {
    /// Runs one scenario against the built server; each violation fails the test.
    private func run(_ scenario: some Scenario) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("chaos-\(UUID().uuidString)")
        try await TestDatabase.with { url in
            let options = try LabOptions.parse([
                "--database-url", url, "--logs", folder.path, "--settle", "3",
                "--server", ServerProcess.products.appendingPathComponent("generation-service").path,
            ])
            let report = try await Lab.run(scenario, options, showsProgress: false)
            #expect(report.errors.isEmpty, "\(report.text)")
        }
        try FileManager.default.removeItem(at: folder)
    }

    #if CRASH_POINTS
    @Test("C5.1, C5.2: a random choice of crash points; nothing is lost, and nothing paid twice")
    func points() async throws {
        try await run(PointsScenario.parse(["--count", "8", "--lots", "30", "--limit", "360"]))
    }

    @Test("C5.1, C5.7, C6.3: a random choice of crash points outside the usual path")
    func edges() async throws {
        try await run(EdgesScenario.parse(["--count", "4", "--limit", "360"]))
    }
    #endif

    @Test("C5.1, C5.2, C6.1: random kills of two instances with a faulty provider")
    func kills() async throws {
        try await run(KillsScenario.parse(["--kills", "6", "--lots", "40", "--jobs", "2", "--life", "2"]))
    }

    @Test("C5.1, C5.9: a slow or odd provider, and kills under its faults: nothing is paid twice, lost or not booked")
    func provider() async throws {
        try await run(
            ProviderScenario.parse(["--parts", "table,kills", "--count", "5", "--kills", "4", "--lots", "20"]))
    }

    @Test("C2.7: many equal requests with one key, and a kill between them: one job")
    func keys() async throws {
        try await run(KeysScenario.parse(["--requests", "60", "--lots", "4"]))
    }

    @Test("C6.2: deliveries to failing receivers, with kills: none lost, repeats are the same delivery")
    func deliveries() async throws {
        try await run(DeliveriesScenario.parse(["--deliveries", "60", "--lots", "20", "--kills", "3"]))
    }
}
