// The rule of the simulated model's answers; `predict.py` implements it for tests outside Swift. Thread: any.
//
// 1. A picture's *key* is the first 8 hex digits of the SHA-256 of its URL's text (http, https), of its decoded bytes
//    (data URL) or of its file id.
// 2. A request with pictures (vision) has the digest SHA-256("vision:" + keys joined by ","), cut to 12 digits. Every
//    string of the answer is the English text of that digest, for any property name.
// 3. A request without pictures (translation) has, for the property PROP, the digest
//    SHA-256("translation:" + PROP + ":" + english), cut to 12 digits; `english` is the last <p>...</p> of the user's
//    input text, tags included, or the whole of it if it has none. The language is PROP.
// 4. The *selector* is the digest; if `english` ends in 12 lower-case hex digits before its </p>, it is these digits,
//    so that a translation names the same damages as its description.
// 5. Selector byte 2z picks the part of zone z, byte 2z+1 its damage (`DamagePhrases`). The text is
//    `<p>Part: damage. Part: damage. Part: damage. Reference DIGEST</p>`, with `[PROP] ` after `<p>` if the language
//    has no table.
import Engine

/// Predicts the simulator's answers, for tests.
public enum SimulatedAnswer {
    /// The English description of a car whose pictures are named by URL, in the order of the request (rule 2).
    public static func text(imageURLs: [String]) -> String { text(imageKeys: imageURLs.map { imageKey(url: $0) }) }

    /// The same for any pictures, by their keys.
    public static func text(imageKeys: [String]) -> String {
        let digest = digestDigits("vision:" + imageKeys.joined(separator: ","))
        return "<p>" + DamagePhrases.english.sentences(selector: bytes(digest), digest: digest) + "</p>"
    }

    /// The translation of `english` in the answer for the property `language` (rules 3 and 4).
    public static func text(english: String, language: String) -> String {
        let source = lastParagraph(of: english)
        let digest = digestDigits("translation:\(language):\(source)")
        let selector = bytes(trailingDigest(of: source) ?? digest)
        let primary = language.split(whereSeparator: { $0 == "-" || $0 == "_" }).first.map { $0.lowercased() } ?? ""
        guard let phrases = DamagePhrases.byLanguage[primary] else {
            return "<p>[\(language)] " + DamagePhrases.english.sentences(selector: selector, digest: digest) + "</p>"
        }
        return "<p>" + phrases.sentences(selector: selector, digest: digest) + "</p>"
    }

    /// The key of a picture named by URL (rule 1).
    public static func imageKey(url: String) -> String { Hashing.hex(url, digits: 8) }

    /// The key of a picture sent as a data URL (rule 1).
    public static func imageKey(bytes: [UInt8]) -> String { Hashing.hex(bytes, digits: 8) }

    /// Replaces `text` under the line fault `hostile_html`.
    public static func hostile(_ text: String) -> String {
        "<script>alert(1)</script><p onclick=\"steal()\">" + text.dropFirst(3)
            + "<img src=x onerror=alert(2)><a href=\"javascript:alert(3)\">more</a>"
    }

    /// Replaces a text under the line fault `blank_html`.
    public static let blank = "<p></p><img src=x onerror=alert(1)>"

    /// From the last `<p>` before the last `</p>` to that `</p>`; all of `text` if it has none.
    static func lastParagraph(of text: String) -> String {
        let bytes = Array(text.utf8)
        let open = Array("<p>".utf8)
        let close = Array("</p>".utf8)
        guard let end = lastIndex(of: close, in: bytes, before: bytes.count),
            let start = lastIndex(of: open, in: bytes, before: end)
        else { return text }
        return String(decoding: bytes[start..<(end + close.count)], as: UTF8.self)
    }

    private static func lastIndex(of needle: [UInt8], in bytes: [UInt8], before end: Int) -> Int? {
        var index = end - needle.count
        while index >= 0 {
            if bytes[index..<(index + needle.count)].elementsEqual(needle) { return index }
            index -= 1
        }
        return nil
    }

    /// The reference of a description in `text`, or of the translation's own digits without one.
    static func reference(of text: String) -> String {
        let paragraph = lastParagraph(of: text)
        return trailingDigest(of: paragraph) ?? digestDigits("translation:" + paragraph)
    }

    private static func trailingDigest(of paragraph: String) -> String? {
        guard paragraph.hasSuffix("</p>") else { return nil }
        let tail = paragraph.dropLast(4).suffix(digestLength)
        let isDigest =
            tail.utf8.count == digestLength
            && tail.utf8.allSatisfy { Hex.value($0) != nil && !(UInt8(ascii: "A")...UInt8(ascii: "F") ~= $0) }
        return isDigest ? String(tail) : nil
    }

    private static let digestLength = 12

    private static func digestDigits(_ text: String) -> String { Hashing.hex(text, digits: digestLength) }

    private static func bytes(_ digest: String) -> [UInt8] {
        let digits = digest.utf8.compactMap { Hex.value($0) }
        return stride(from: 0, to: digestLength, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
