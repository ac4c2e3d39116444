// Asks CPython's own json module, the standard that signatures are made by (C1.2). One process for thousands of
// documents.
import Foundation

enum CPython {
    struct Failure: Error { let message: String }

    static let isInstalled = (try? run("print(1)", input: [])) == "1\n"

    /// How a document is written: a call's `json.dumps` arguments.
    struct Style: Hashable, Sendable {
        var isASCII = true
        var spaced = false
        var sorted = true
    }

    /// `json.dumps(json.loads(document), separators=(',', ':'), sort_keys=True)` of each document, or what another
    /// style makes of it; empty where that is no UTF-8.
    static func canonical(_ documents: [[UInt8]], style: Style = Style()) throws -> [String] {
        let program = """
            import json, sys
            getattr(sys, "set_int_max_str_digits", lambda limit: None)(0)
            for line in open(sys.argv[1]):
                value = json.loads(bytes.fromhex(line).decode("utf-8"))
                text = json.dumps(value, ensure_ascii=\(style.isASCII ? "True" : "False"),
                    sort_keys=\(style.sorted ? "True" : "False"),
                    separators=\(style.spaced ? "None" : "(',', ':')"))
                try:
                    sys.stdout.buffer.write(text.encode() + b"\\n")
                except UnicodeEncodeError:
                    sys.stdout.buffer.write(b"\\n")
            """
        let input = documents.map { $0.map(hex).joined() + "\n" }.joined()
        let lines = try run(program, input: Array(input.utf8)).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == documents.count + 1 else { throw Failure(message: "\(lines.count) answers") }
        return lines.dropLast().map(String.init)
    }

    private static func hex(_ byte: UInt8) -> String {
        String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
    }

    private static func run(_ program: String, input: [UInt8]) throws -> String {
        let file = FileManager.default.temporaryDirectory.appending(path: "cpython-\(UUID().uuidString)")
        try Data(input).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", program, file.path()]
        process.standardOutput = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(message: "python3 ended with an error") }
        return String(decoding: data, as: UTF8.self)
    }
}
