// Explains a wrong signature: finds out whether it holds for the same lots in another usual JSON form. Naming the
// difference does not help a caller without the key. Pure. Thread: any, but not a loop's: the largest lots take
// milliseconds.

/// A wrong signature and the lots that it should cover.
public struct SuspectSignature: Sendable {
    /// Longer lots are not kept to explain a wrong signature, bytes. Every request pays for the copy, right or wrong:
    /// 4 to 7 microseconds for 64 KB, but 1.5 to 2 ms for 1 MB, a third of the time to read it. An integrator who tries
    /// out a signature sends few lots.
    public static let lotsBytesMax = 64 * 1024

    /// The `lots` array as sent, without white space between its elements.
    let lots: [UInt8]
    let claim: Digest
    let keys: SignatureKeys

    /// Returns a 403 that names the difference, or nil if no usual form matches.
    public func explanation() -> ServiceError? {
        for order in [ObjectSorter.Order.byKey, .asGiven] {
            var writer = CanonicalWriter(order: order)
            writer.write(lots.span)
            let compact = writer.output
            for style in [TextStyle(), TextStyle(spaced: true), TextStyle(unicode: true), .init(true, true)] {
                let differences = style.differences + (order == .asGiven ? ["its keys are not sorted"] : [])
                guard !differences.isEmpty, signs(style.applied(to: compact)) else { continue }
                return SuspectSignature.error(differences)
            }
        }
        return nil
    }

    private func signs(_ text: [UInt8]) -> Bool {
        var run = keys.begin()
        run.update(text)
        return run.matches(claim)
    }

    private static func error(_ differences: [String]) -> ServiceError {
        ServiceError(
            .invalidSignature,
            """
            Invalid HMAC signature: it covers another text of the same lots; \
            \(differences.joined(separator: ", and ")). Sign what Python's \
            json.dumps(lots, separators=(',', ':'), sort_keys=True) prints, or the raw request body in the X-Signature \
            header
            """)
    }
}

/// Ways to write the same JSON value differently.
struct TextStyle {
    /// Writes `, ` and `: ` between values.
    var spaced = false
    /// Writes UTF-8 instead of `\u` escapes. Characters that UTF-8 cannot hold stay escaped, as in JavaScript.
    var unicode = false

    init(spaced: Bool = false, unicode: Bool = false) {
        self.spaced = spaced
        self.unicode = unicode
    }

    init(_ spaced: Bool, _ unicode: Bool) { self.init(spaced: spaced, unicode: unicode) }

    var differences: [String] {
        (unicode ? ["its text is not ASCII-escaped"] : [])
            + (spaced ? ["it has spaces after commas and colons"] : [])
    }

    /// Converts the compact, ASCII-escaped `text` to this style.
    func applied(to text: [UInt8]) -> [UInt8] {
        guard spaced || unicode else { return text }
        var out: [UInt8] = []
        out.reserveCapacity(text.count + text.count / 4)
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte == JSONText.quote {
                let end = JSONWalk.endOfString(text.span, from: index)
                string(text.span.extracting(index..<end), &out)
                index = end
            } else {
                out.append(byte)
                if spaced, byte == JSONText.comma || byte == JSONText.colon { out.append(UInt8(ascii: " ")) }
                index += 1
            }
        }
        return out
    }

    private func string(_ token: Span<UInt8>, _ out: inout [UInt8]) {
        guard unicode else { return out.append(token) }
        var index = 0
        while index < token.count {
            guard token[index] == JSONText.backslash else {
                out.append(token[index])
                index += 1
                continue
            }
            let start = index
            if token[index + 1] == UInt8(ascii: "u") {
                let scalar = JSONString.scalar(token, &index)
                if scalar >= 0x20, let character = Unicode.Scalar(scalar) {
                    out.append(contentsOf: String(character).utf8)
                    continue
                }
            } else {
                index += 2
            }
            out.append(token.extracting(start..<index))
        }
    }
}
