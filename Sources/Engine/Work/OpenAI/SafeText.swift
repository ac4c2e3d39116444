// Makes foreign text safe for errors and logs. Pure.

/// Removes secrets and noise from messages of other parties.
enum SafeText {
    /// Longest message that is passed on, characters.
    static let limit = 300

    /// Returns `text` as one line of bounded length. Control characters become spaces. Words that look like keys
    /// (masked ones, too), organisations or projects are hidden, and so are queries of URLs, which may
    /// contain an integrator's access tokens.
    static func clean(_ text: String, limit: Int = SafeText.limit) -> String {
        var scanner = Scanner(input: Array(text.utf8.prefix(limit * 8)))
        let line = String(decoding: scanner.run(), as: UTF8.self)
        return line.count <= limit ? line : String(line.prefix(limit - 1)) + "…"
    }

    private struct Scanner {
        let input: [UInt8]
        var output: [UInt8] = []
        var position = 0
        var inURL = false

        static let secretBeginnings = ["sk-", "org-", "proj_", "sess-", "Bearer "].map { Array($0.utf8) }
        static let ends = Set(" \"'<>)".utf8)

        init(input: [UInt8]) { self.input = input }

        mutating func run() -> [UInt8] {
            while position < input.count { step() }
            return output
        }

        private mutating func step() {
            let byte = input[position]
            if byte < 0x20 || byte == 0x7F || Self.ends.contains(byte) { inURL = false }
            if startsWord, let length = secretLength {
                output.append(contentsOf: "[hidden]".utf8)
                position += length
            } else if inURL, byte == UInt8(ascii: "?") {
                output.append(contentsOf: "?...".utf8)
                skip { !Self.ends.contains($0) && $0 >= 0x20 }
            } else {
                if input[position...].starts(with: "://".utf8) { inURL = true }
                output.append(byte < 0x20 || byte == 0x7F ? 0x20 : byte)
                position += 1
            }
        }

        private var startsWord: Bool { position == 0 || !ASCII.isLetterOrDigit(input[position - 1]) }

        private var secretLength: Int? {
            guard let beginning = Self.secretBeginnings.first(where: input[position...].starts) else {
                // A key of which the provider shows the first and the last characters only.
                let word = secret(from: position)
                return word.indices.contains { word[$0...].starts(with: "***".utf8) } ? word.count : nil
            }
            let rest = secret(from: position + beginning.count)
            return rest.isEmpty ? nil : beginning.count + rest.count
        }

        /// The characters from `start` that a key may have.
        private func secret(from start: Int) -> ArraySlice<UInt8> {
            input[start...].prefix { ASCII.isLetterOrDigit($0) || "-_*.+/=".utf8.contains($0) }
        }

        private mutating func skip(while condition: (UInt8) -> Bool) {
            while position < input.count, condition(input[position]) { position += 1 }
        }
    }
}
