// `sslmode=verify-full` in DATABASE_URL verifies the certificate's authority and name, and errors are reported (C8).
// Loop-bound.
import Engine
import Foundation
import TestSupport
import Testing

@Suite("TLS to the database", .timeLimit(.minutes(2)))
struct DatabaseTLSTests {
    private static let encrypted = Statement(
        "test.ssl", "SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()")

    /// True if the connection is encrypted; else the error.
    private static func connect(_ url: String) async throws -> Result<String, DatabaseError> {
        try await onLoop { loop in
            let database = Database(on: loop, configuration: DatabaseConfiguration(url: url))
            database.start()
            let result: Result<String, DatabaseError>
            do {
                result = .success(
                    try await database.session { session in
                        try await session.query(encrypted).first?.text(0) ?? "nothing"
                    })
            } catch let error as DatabaseError { result = .failure(error) }
            await database.close()
            return result
        }
    }

    private static func url(_ postgres: PrivatePostgres, host: String, _ parameters: String) -> String {
        postgres.url.replacing("@127.0.0.1:", with: "@\(host):") + "?" + parameters
    }

    private static func problem(_ result: Result<String, DatabaseError>) -> String {
        guard case .failure(let error) = result, error.kind == .unavailable else { return "no error: \(result)" }
        return error.message
    }

    @Test("C8: verify-full checks authority and host name, and refuses a server without TLS")
    func verified() async throws {
        let good = try SelfSignedCertificate(name: "localhost")
        let other = try SelfSignedCertificate(name: "localhost")
        defer { for files in [good, other] { files.remove() } }
        let full = "sslmode=verify-full&sslrootcert=\(good.certificate)"
        try await PrivatePostgres.with { postgres in
            let plain = Self.problem(try await Self.connect(Self.url(postgres, host: "localhost", full)))
            #expect(plain.contains("server does not support SSL"), "\(plain)")

            try await postgres.useTLS(good)
            try await postgres.stop()
            try await postgres.start()
            #expect(try await Self.connect(Self.url(postgres, host: "localhost", full)).get() == "true")
            // The certificate is for localhost.
            let host = Self.problem(try await Self.connect(Self.url(postgres, host: "127.0.0.1", full)))
            #expect(host.contains("does not match host name \"127.0.0.1\""), "\(host)")
            // Another authority, and a missing one.
            for (authority, problem) in [
                (other.certificate, "certificate verify failed"), ("/nowhere.pem", "does not exist"),
            ] {
                let parameters = "sslmode=verify-full&sslrootcert=\(authority)"
                let why = Self.problem(try await Self.connect(Self.url(postgres, host: "localhost", parameters)))
                #expect(why.contains(problem), "\(why)")
            }
            let password = try #require(URLComponents(string: postgres.url)?.password)
            #expect(![plain, host].contains { $0.contains(password) })
        }
    }

    @Test("C8: a certificate for another host is refused, even from the configured authority")
    func wrongHost() async throws {
        let elsewhere = try SelfSignedCertificate(name: "elsewhere.example")
        defer { elsewhere.remove() }
        let full = "sslmode=verify-full&sslrootcert=\(elsewhere.certificate)"
        try await PrivatePostgres.with { postgres in
            try await postgres.useTLS(elsewhere)
            try await postgres.stop()
            try await postgres.start()
            let why = Self.problem(try await Self.connect(Self.url(postgres, host: "localhost", full)))
            #expect(why.contains("elsewhere.example") && why.contains("localhost"), "\(why)")
            // Weaker modes are the operator's choice, and are obeyed as well.
            let weaker = full.replacing("verify-full", with: "verify-ca")
            #expect(try await Self.connect(Self.url(postgres, host: "localhost", weaker)).get() == "true")
        }
    }
}
