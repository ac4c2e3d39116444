// Uses CPython's own json module, the standard for signatures (C1.2). One process for thousands of documents.
import TestSupport

enum CPython {
    static let isInstalled = Python.isInstalled

    /// The form of a document: the arguments of a `json.dumps` call.
    struct Style: Hashable, Sendable {
        var isASCII = true
        var spaced = false
        var sorted = true
    }

    /// `json.dumps(json.loads(document), separators=(',', ':'), sort_keys=True)` of each document, or the same in
    /// another style; empty if the text is no UTF-8.
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
        let input = documents.map { Python.hex($0) + "\n" }.joined()
        let lines = try Python.run(program, input: Array(input.utf8))
            .split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == documents.count + 1 else { throw Python.Failure(message: "\(lines.count) answers") }
        return lines.dropLast().map(String.init)
    }
}
