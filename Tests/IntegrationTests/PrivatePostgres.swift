// A PostgreSQL for one test that it can stop, freeze and start again. Thread: any; one caller at a time.
import Foundation
import TestSupport

final class PrivatePostgres: Sendable {
    let folder: String
    let url: String

    struct Failure: Error, CustomStringConvertible { let description: String }

    private static var script: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("scripts/postgres").path
    }

    private init(folder: String, url: String) {
        self.folder = folder
        self.url = url
    }

    /// Runs `body` with a cluster that is removed afterwards.
    static func with(_ body: @Sendable (PrivatePostgres) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("private-\(UUID().uuidString)").path
        let url = try await run("start", folder)
        let postgres = PrivatePostgres(folder: folder, url: url)
        let result: Result<Void, any Error>
        do { result = .success(try await body(postgres)) } catch { result = .failure(error) }
        postgres.thaw()
        _ = try? await run("remove", folder)
        try result.get()
    }

    /// A hot standby of this cluster, which confirms every commit; the same URL except for the port.
    /// - Parameter body: gets the standby; it is removed afterwards.
    func withStandby(_ body: @Sendable (PrivatePostgres) async throws -> Void) async throws {
        let copy = folder + "-standby"
        try await Self.bash(
            """
            set -e
            owner=$(stat -L -c %U "$1/data"); bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
            as() { if [ "$(id -u)" = 0 ]; then runuser -u "$owner" -- "$@"; else "$@"; fi; }
            mkdir -p "$3"; install -d -m 0700 -o "$owner" "$3/data"
            cp "$1/password" "$3/password"; : >"$3/ready"
            cd /; as "$bin/pg_basebackup" -d "$2" -D "$3/data" -R -X stream -c fast
            """, folder, url, copy)
        let standby = PrivatePostgres(folder: copy, url: try await Self.run("start", copy))
        let result: Result<Void, any Error>
        do { result = .success(try await body(standby)) } catch { result = .failure(error) }
        _ = try? await Self.run("remove", copy)
        try result.get()
    }

    /// Enables TLS with this certificate from the next start on.
    func useTLS(_ files: SelfSignedCertificate) async throws {
        try await Self.bash(
            """
            set -e
            owner=$(stat -L -c %U "$1/data"); bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
            install -m 0600 -o "$owner" "$3" "$1/data/server.crt"; install -m 0600 -o "$owner" "$4" "$1/data/server.key"
            "$bin/psql" "$2" -q -c 'ALTER SYSTEM SET ssl = on'
            """, folder, url, files.certificate, files.key)
    }

    private static func bash(_ script: String, _ arguments: String...) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", script, "bash"] + arguments
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in continuation.resume() }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        guard process.terminationStatus == 0 else { throw Failure(description: "a script failed: \(script)") }
    }

    func stop() async throws { _ = try await Self.run("stop", folder) }
    func start() async throws { _ = try await Self.run("start", folder) }

    /// Stops all its processes with SIGSTOP; none ends.
    func freeze() { signal(SIGSTOP) }
    func thaw() { signal(SIGCONT) }

    private func signal(_ number: Int32) {
        let lines = try? String(contentsOfFile: folder + "/data/postmaster.pid", encoding: .utf8)
        guard let first = lines?.split(separator: "\n").first, let postmaster = Int32(first) else { return }
        // The postmaster first: it then starts no new process.
        kill(postmaster, number)
        for process in Self.children(of: postmaster) { kill(process, number) }
    }

    private static func children(of parent: Int32) -> [Int32] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return entries.compactMap { Int32($0) }.filter { process in
            let stat = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
            // The state and the parent follow the name in brackets.
            let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
            return fields.count > 1 && Int32(fields[1]) == parent
        }
    }

    /// The server inherits standard output, so there is no end of file: reads the output present when the script ends.
    private static func run(_ command: String, _ folder: String) async throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: script)
        process.arguments = [command, folder]
        process.environment = ProcessInfo.processInfo.environment.merging(["PGTEST_FAST": "1"]) { $1 }
        let output = Pipe()
        process.standardOutput = output
        let text: String = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { _ in
                let data = command == "start" ? output.fileHandleForReading.availableData : Data()
                continuation.resume(returning: String(decoding: data, as: UTF8.self))
            }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        guard process.terminationStatus == 0 else { throw Failure(description: "scripts/postgres \(command) failed") }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
