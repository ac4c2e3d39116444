// The small top-level members of a request: signature, languages, version (C2.2). Pure. Thread: any.

struct KeptMembers {
    enum Name: String { case signature, languages, version }

    private struct Raw {
        var value: JSONValue?
        var flaws: JSONString.Flaws = []
        /// The member was too long to keep, so only that is known of it.
        var isTooLong = false
    }

    private var signatureMember = Raw()
    private var languagesMember = Raw()
    private var versionMember = Raw()

    /// Sets a member; the last one of a repeated name counts. A member that was too long to keep counts as malformed.
    mutating func set(_ name: Name, _ text: Span<UInt8>, isComplete: Bool) {
        var raw = Raw(value: .bool(false), isTooLong: !isComplete)
        if isComplete {
            // The scanner has accepted this text, so parsing cannot fail.
            raw.value = try? JSONValue.parse(text, maxDepth: Limits.lotNesting, flaws: &raw.flaws)
        }
        if raw.value?.isNull == true { raw.value = nil }
        switch name {
        case .signature: signatureMember = raw
        case .languages: languagesMember = raw
        case .version: versionMember = raw
        }
    }

    /// The body's signature. A value that is not a string counts as malformed, not as missing.
    var signature: String? { signatureMember.value.map { $0.string ?? "(not a string)" } }

    /// Returns the version, `1.0.0` by default. Adds to `problems` if it is invalid.
    func version(_ problems: inout RequestProblems) -> String {
        guard let value = versionMember.value else { return "1.0.0" }
        guard let version = value.string else {
            problems.invalid.add({ "version" }, versionMember.isTooLong ? KeptMembers.tooLong : "must be a string")
            return ""
        }
        if !versionMember.flaws.isEmpty {
            problems.invalid.add({ "version" }, "must not contain NUL or a lone surrogate")
        } else if version.unicodeScalars.count > ReaderBounds.versionCharacters {
            problems.invalid.add({ "version" }, "must have at most 64 characters")
        }
        return version
    }

    /// Returns the languages, `["en"]` by default. Adds to `problems` unless they are a list of different strings.
    func languages(_ problems: inout RequestProblems) -> [String] {
        guard let value = languagesMember.value else { return ["en"] }
        guard let elements = value.array, !elements.isEmpty else {
            problems.invalid.add(
                { "languages" },
                languagesMember.isTooLong ? KeptMembers.tooLong : "must be a non-empty array of strings")
            return []
        }
        var codes: [String] = []
        for (index, element) in elements.enumerated() {
            guard let code = element.string else {
                problems.invalid.add({ "languages[\(index)]" }, "must be a string")
                continue
            }
            if isFlawed(code) {
                problems.invalid.add({ "languages[\(index)]" }, "must not contain NUL or a lone surrogate")
            }
            codes.append(code)
        }
        if elements.count <= Limits.languages { findRepeated(codes, &problems) }
        return codes
    }

    /// The message of a member over `ReaderBounds.memberBytes`.
    private static let tooLong: StaticString = "must not be longer than 65536 bytes"

    private func isFlawed(_ code: String) -> Bool {
        !languagesMember.flaws.isEmpty && code.unicodeScalars.contains { $0 == "\0" || $0 == "\u{FFFD}" }
    }

    private func findRepeated(_ codes: [String], _ problems: inout RequestProblems) {
        var seen: Set<String> = []
        for (index, code) in codes.enumerated() where !seen.insert(code.lowercased()).inserted {
            problems.invalid.add({ "languages[\(index)]" }, "repeats a language")
        }
    }
}
