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
