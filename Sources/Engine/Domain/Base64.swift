// RFC 4648 base64 with padding, by OpenSSL: data URLs, Standard Webhooks signatures. Pure; any thread.
import CShims

public enum Base64 {
    /// Input bytes per call: a multiple of 3, so that only the end is padded, and small enough to stay in the CPU cache
    /// until `out` has them.
    private static let blockBytes = 3 * 4096

    public static func text(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        append(bytes, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    static func append(_ bytes: [UInt8], to out: inout [UInt8]) {
        out.reserveCapacity(out.count + (bytes.count + 2) / 3 * 4)
        // OpenSSL writes a NUL after the text.
        var text = [UInt8](repeating: 0, count: (min(bytes.count, blockBytes) + 2) / 3 * 4 + 1)
        bytes.withUnsafeBufferPointer { bytes in
            for start in stride(from: 0, to: bytes.count, by: blockBytes) {
                let block = bytes[start..<min(start + blockBytes, bytes.count)]
                let count = EVP_EncodeBlock(&text, UnsafeBufferPointer(rebasing: block).baseAddress, Int32(block.count))
                out.append(contentsOf: text[..<Int(count)])
            }
        }
    }
}

extension Base64 {
    /// Reads base64 of the usual alphabets, with padding or without: RFC 4648's two, and CloudFront's, which has `~`
    /// for `/` and `_` for the padding. Returns nil for a text with other characters.
    static func bytes(lenient text: Substring) -> [UInt8]? {
        let padding = "=_".utf8
        let digits = text.utf8.prefix(text.utf8.count - text.utf8.reversed().prefix { padding.contains($0) }.count)
        var out: [UInt8] = []
        var (bits, count) = (UInt32(0), UInt32(0))
        for byte in digits {
            guard let value = digit(byte) else { return nil }
            bits = bits << 6 | value
            count += 6
            guard count >= 8 else { continue }
            count -= 8
            out.append(UInt8(truncatingIfNeeded: bits >> count))
        }
        return out
    }

    private static func digit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"), UInt8(ascii: "~"): 63
        default: nil  // another alphabet
        }
    }
}
