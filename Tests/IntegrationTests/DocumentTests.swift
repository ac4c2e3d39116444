// The API document's own clients, samples and SQL (Tests/DocumentTests, in Python) against the built programs. Any thread.
import Foundation
import Testing

@Suite(
    "The API document as it stands", .serialized, .timeLimit(.minutes(3)),
    .enabled(if: DocumentRun.isPossible, "needs TEST_DATABASE_URL; `make test` sets it"))
struct DocumentTests {
    @Test(
        "Its clients run unchanged; its samples and SQL hold",
        arguments: ["document_client_test", "document_node_test", "document_shapes_test"])
    func script(name: String) async throws {
        let run = try await DocumentRun.of(name)
        #expect(run.status == 0, "\(run.output)")
    }
}

/// One run of Tests/DocumentTests/run.py: simulators, server and a database of its own.
struct DocumentRun {
    let status: Int32
    let output: String

    static var isPossible: Bool { ProcessInfo.processInfo.environment["TEST_DATABASE_URL"] != nil }

    static func of(_ script: String) async throws -> DocumentRun {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        var environment = ProcessInfo.processInfo.environment
        // The programs lie beside this test's own bundle.
        environment["BINARIES"] = Bundle.main.executableURL.map { $0.deletingLastPathComponent().path }
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        let said = FileManager.default.temporaryDirectory.appending(path: "document-\(UUID().uuidString).log")
        FileManager.default.createFile(atPath: said.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: said) }

        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        let python = environment["PYTHON"] ?? "python3"
        process.arguments = [python, tests.appending(path: "DocumentTests/run.py").path, script]
        process.environment = environment
        let log = try FileHandle(forWritingTo: said)
        process.standardOutput = log
        process.standardError = log
        let status = try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Int32, any Error>) in
            process.terminationHandler = { ended.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { ended.resume(throwing: error) }
        }
        return DocumentRun(status: status, output: try String(contentsOf: said, encoding: .utf8))
    }
}
