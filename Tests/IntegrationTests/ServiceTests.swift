// The built service against simulators: the scripts in Tests/ServiceTests (Python). Any thread.
import Foundation
import Testing

@Suite(
    "The service as it is built", .timeLimit(.minutes(10)),
    .enabled(if: ServiceRun.isPossible, "needs TEST_DATABASE_URL; `make test` sets it"))
struct ServiceTests {
    /// Run against the optimised build as well.
    private static let always = [
        // Invalid input gets C4's errors and leaves nothing behind.
        "bad_input_test",
        // The API document's clients run unchanged; its samples and its SQL hold.
        "document_client_test", "document_node_test", "document_shapes_test",
        // Webhooks verify before, during and after a rotation of keys.
        "webhook_signatures_test",
        // 500 lots match the prediction, also after repeated kills of the server.
        "batch_test", "kill_test",
        // /openapi.json is valid and describes every reply.
        "openapi_test",
        // The metrics change with the requests.
        "metrics_test",
        // The log does not depend on its reader.
        "logs_test",
    ]

    /// These test the parts around the program, or take most of their time by themselves: one run is enough. The
    /// longest first. `make test-deep` runs schemathesis.
    private static let once = [
        // Every counter changes; nginx in front of two instances.
        "counters_test", "nginx_test",
        // Every request to OpenAI agrees with the published rules.
        "provider_requests_test",
        // The clients, each with its own tests.
        "python_client_test", "node_client_test",
        // The web interface in a real browser.
        "browser_test",
        // `check` reports correctly; deploy/ and docs/ match the program.
        "check_test", "deploy_test", "docs_test",
    ]

    #if DEBUG
    private static let all = once + always
    #else
    private static let all = always
    #endif

    @Test("From outside", arguments: all)
    func script(name: String) async throws {
        let start = ContinuousClock.now
        let run = try await ServiceRun.of(name)
        print("\(name): \((ContinuousClock.now - start).components.seconds) s")
        #expect(run.status == 0, "\(run.output)")
    }
}

/// One run of Tests/ServiceTests/run.py: simulators, a server and a new database.
struct ServiceRun {
    let status: Int32
    let output: String

    static var isPossible: Bool { ProcessInfo.processInfo.environment["TEST_DATABASE_URL"] != nil }

    static func of(_ script: String) async throws -> ServiceRun {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        var environment = ProcessInfo.processInfo.environment
        // The programs are beside this test's bundle.
        environment["BINARIES"] = Bundle.main.executableURL.map { $0.deletingLastPathComponent().path }
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        let said = FileManager.default.temporaryDirectory.appending(path: "document-\(UUID().uuidString).log")
        try Data().write(to: said)
        defer { try? FileManager.default.removeItem(at: said) }

        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        let python = environment["PYTHON"] ?? "python3"
        process.arguments = [python, tests.appending(path: "ServiceTests/run.py").path, script]
        process.environment = environment
        let log = try FileHandle(forWritingTo: said)
        process.standardOutput = log
        process.standardError = log
        let status = try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Int32, any Error>) in
            process.terminationHandler = { ended.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { ended.resume(throwing: error) }
        }
        return ServiceRun(status: status, output: try String(contentsOf: said, encoding: .utf8))
    }
}
