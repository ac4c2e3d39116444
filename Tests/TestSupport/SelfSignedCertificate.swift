// A certificate for one test, with its key, in a separate folder. Thread: any. Frees: the folder, in `remove`.
import Foundation

public struct SelfSignedCertificate: Sendable {
    /// PEM; the certificate is its own authority.
    public let certificate: String
    public let key: String
    private let folder: URL

    struct Failure: Error { let arguments: [String] }

    /// - Parameters:
    ///   - name: the certificate's host.
    ///   - days: its validity; a negative number makes it expired.
    public init(name: String = "localhost", days: Int = 1) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        certificate = folder.appendingPathComponent("certificate.pem").path
        key = folder.appendingPathComponent("key.pem").path
        let request = folder.appendingPathComponent("request.pem").path
        let names = folder.appendingPathComponent("names.cnf")
        try Data("subjectAltName=DNS:\(name)\n".utf8).write(to: names)
        try Self.openssl([
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
            "/CN=\(name)", "-keyout", key, "-out", request,
        ])
        try Self.openssl([
            "x509", "-req", "-in", request, "-signkey", key, "-days", String(days), "-extfile", names.path, "-out",
            certificate,
        ])
    }

    private static func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(arguments: arguments) }
    }

    public func remove() { try? FileManager.default.removeItem(at: folder) }
}
