// The cases of Fuzz/JSONTestSuite.txt: valid JSON, invalid JSON, and cases left to each parser. Thread: any.
import Foundation

public struct JSONTestCase: Sendable {
    public enum Verdict: String, Sendable {
        case everybodyAccepts = "y"
        case everybodyRefuses = "n"
        case weAccept = "iy"
        case weRefuse = "in"
    }

    public let verdict: Verdict
    public let name: String
    public let bytes: [UInt8]

    public var isAccepted: Bool { verdict == .everybodyAccepts || verdict == .weAccept }

    struct Malformed: Error { let line: String }

    /// All cases, in the file's order.
    public static func all() throws -> [JSONTestCase] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Fuzz/JSONTestSuite.txt").standardizedFileURL
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            .filter { !$0.hasPrefix("#") }.map(read)
    }

    private static func read(_ line: Substring) throws -> JSONTestCase {
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
        guard fields.count >= 3, let verdict = Verdict(rawValue: String(fields[0])) else {
            throw Malformed(line: String(line))
        }
        let bytes = try fields[2...].flatMap(part)
        return JSONTestCase(verdict: verdict, name: String(fields[1]), bytes: bytes)
    }

    /// `COUNT*PART` or `PART`.
    private static func part(_ text: Substring) throws -> [UInt8] {
        guard let match = text.prefixMatch(of: /([0-9]+)\*/) else { return try unescaped(Array(text.utf8)) }
        let once = try unescaped(Array(text[match.range.upperBound...].utf8))
        return Array(repeatElement(once, count: Int(match.1) ?? 0).joined())
    }

    /// `\xNN` and `\\`.
    private static func unescaped(_ text: [UInt8]) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            let kind = rest.popFirst()
            if kind == UInt8(ascii: "x"), let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else if kind == UInt8(ascii: "\\") {
                bytes.append(byte)
            } else {
                throw Malformed(line: String(decoding: text, as: UTF8.self))
            }
        }
        return bytes
    }
}
