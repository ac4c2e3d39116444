// Lengths of functions, from the text: a body ends at the brace below its declaration. Any thread.

enum FunctionLengths {
    /// Each function with a body of several lines: its first line and its number of lines.
    static func of(_ file: SourceFile) -> [(line: Int, length: Int)] {
        file.code.indices.compactMap { start in
            guard isDeclaration(file.code[start]), let body = bodyStart(file.code, from: start) else { return nil }
            let indent = file.code[start].prefix { $0 == " " }
            let end = file.code[body...].firstIndex { $0.hasPrefix(indent + "}") }
            return end.map { (line: start + 1, length: $0 - start + 1) }
        }
    }

    private static func isDeclaration(_ line: String) -> Bool {
        let words = line.split { " (<?!".contains($0) }
        let modifiers: Set<Substring> = [
            "public", "private", "fileprivate", "internal", "static", "final", "override", "mutating", "nonmutating",
            "consuming", "borrowing", "convenience", "required", "nonisolated", "package", "open", "class", "@inline",
            "@inlinable", "@discardableResult", "@Test", "@concurrent", "indirect",
        ]
        guard let first = words.first(where: { !modifiers.contains($0) }) else { return false }
        return first == "func" || first == "init" || first == "deinit" || first == "subscript"
    }

    /// The line whose end opens the body; nil for a protocol's requirement and for a body on one line.
    private static func bodyStart(_ code: [String], from start: Int) -> Int? {
        let indent = code[start].prefix { $0 == " " }.count
        for line in start..<min(start + 30, code.count) {
            let text = code[line].reversed().drop { $0 == " " }
            if text.first == "{" { return line + 1 }
            if line > start, code[line].prefix(while: { $0 == " " }).count <= indent,
                !code[line].hasPrefix(String(repeating: " ", count: indent) + ")")
            {
                return nil
            }
            if text.first == "}" { return nil }
        }
        return nil
    }
}
