// A signature that does not hold: would it, if the same lots were written in another usual way? Then its maker is told
// the difference, which is no help to anybody without the key. Pure. Thread: any; takes tens of milliseconds for the
// largest lots, so not a loop's.

/// What a wrong signature claims, with the lots it should cover.
public struct SuspectSignature: Sendable {
    /// Lots over this are not kept to explain a wrong signature, bytes.
    public static let lotsBytesMax = 1024 * 1024

    /// The `lots` array as it was sent, without the white space between its elements.
    let lots: [UInt8]
    let claim: Digest
    let keys: SignatureKeys

    /// The 403 that names the difference; nil if no usual way of writing matches.
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

/// How JSON may be written differently without meaning anything else.
struct TextStyle {
    /// `, ` and `: ` between values.
    var spaced = false
    /// UTF-8 instead of `\u` escapes. What cannot be UTF-8 stays escaped, as JavaScript leaves it.
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

    /// The compact, ASCII-escaped `text` in this style.
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
