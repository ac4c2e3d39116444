// Certificates are verified, against `openssl s_server` with its own certificate.
import Engine
import Foundation
import TestSupport
import Testing

@Suite("Outgoing TLS", .timeLimit(.minutes(1)))
struct TLSTests {
    @Test("a certificate of an unknown authority is refused; the configured one is accepted")
    func selfSigned() async throws {
        let server = try SecureServer()
        defer { server.stop() }
        let url = "https://localhost:\(server.port)/"
        try await withClient { _, client in
            let error = await client.failure(OutboundRequest(method: "POST", url: url, body: .bytes([1])))
            #expect(error?.kind == .tlsFailed)
            #expect(error?.mayHaveArrived == false)
        }
        var configuration = HTTPClientConfiguration()
        configuration.certificateAuthorityFile = server.certificate
        let trusting = configuration
        try await withClient(trusting) { _, client in
            for _ in 0..<3 {
                let answer = try await client.send(OutboundRequest(url: url))
                #expect(answer.status == 200)
            }
            // The certificate is for another name.
            let other = await client.failure(OutboundRequest(url: "https://127.0.0.1:\(server.port)/"))
            #expect(other?.kind == .tlsFailed)
        }
    }

    @Test("an expired certificate is refused, even the configured one")
    func expired() async throws {
        let server = try SecureServer(days: -1)
        defer { server.stop() }
        var configuration = HTTPClientConfiguration()
        configuration.certificateAuthorityFile = server.certificate
        try await withClient(configuration) { _, client in
            let error = await client.failure(OutboundRequest(url: "https://localhost:\(server.port)/"))
            #expect(error?.kind == .tlsFailed)
        }
    }

    @Test("a certificate for another host is refused, even the configured one")
    func wrongHost() async throws {
        let server = try SecureServer(name: "elsewhere.example")
        defer { server.stop() }
        var configuration = HTTPClientConfiguration()
        configuration.certificateAuthorityFile = server.certificate
        try await withClient(configuration) { _, client in
            let error = await client.failure(OutboundRequest(url: "https://localhost:\(server.port)/"))
            #expect(error?.kind == .tlsFailed && error?.mayHaveArrived == false)
        }
    }

    @Test("a server that does not speak TLS is refused")
    func notTLS() async throws {
        let server = TinyServer { connection in
            _ = connection.readSome()
            connection.write("HTTP/1.1 400 Bad Request\r\n\r\n")
        }
        try await withClient { _, client in
            let error = await client.failure(OutboundRequest(url: "https://127.0.0.1:\(server.port)/"))
            #expect(error?.kind == .tlsFailed)
            #expect(error?.mayHaveArrived == false)
        }
    }
}

/// `openssl s_server -www` with a certificate for this test.
struct SecureServer {
    let port: Int
    let certificate: String
    private let files: SelfSignedCertificate
    private let process: Process

    /// - Parameter days: validity of the certificate; a negative number makes it expired.
    init(name: String = "localhost", days: Int = 1) throws {
        files = try SelfSignedCertificate(name: name, days: days)
        certificate = files.certificate
        let (process, output) = try Self.start([
            "s_server", "-accept", "127.0.0.1:0", "-www", "-cert", certificate, "-key", files.key,
        ])
        self.process = process
        // "ACCEPT 127.0.0.1:40123"
        var text = ""
        while !text.contains("\n") || !text.contains("ACCEPT") {
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { break }
            text += String(decoding: more, as: UTF8.self)
        }
        let line = text.split(separator: "\n").first { $0.hasPrefix("ACCEPT") }
        port = try #require(line?.split(separator: ":").last.flatMap { Int($0) }, "openssl said: \(text)")
    }

    private static func start(_ arguments: [String]) throws -> (Process, Pipe) {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = Pipe()
        try process.run()
        return (process, output)
    }

    func stop() {
        kill(process.processIdentifier, SIGKILL)  // SIGTERM is blocked in children of Foundation's threads
        files.remove()
    }
}
