// CPython as a second opinion: its json and html modules check our own readers and writers. Any thread.
import Foundation

public enum Python {
    public struct Failure: Error {
        public let message: String
        public init(message: String) { self.message = message }
    }

    public static let isInstalled = (try? run("print(1)", input: [])) == "1\n"

    /// The output of `program`; `input` is in the file that `sys.argv[1]` names.
    public static func run(_ program: String, input: [UInt8]) throws -> String {
        let file = FileManager.default.temporaryDirectory.appending(path: "python-\(UUID().uuidString)")
        try Data(input).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try run(arguments: ["-c", program, file.path()])
    }

    /// The output of `python3` with these arguments.
    public static func run(arguments: [String]) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3"] + arguments
        process.standardOutput = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(message: "python3 ended with an error") }
        return String(decoding: data, as: UTF8.self)
    }

    /// Bytes in the form of `bytes.fromhex`.
    public static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
