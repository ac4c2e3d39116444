// SHA-256 and HMAC-SHA256 through OpenSSL instead of the service's KeyedHash: a signature must be checked by other code
// than the code that made it. Frees: nothing, both calls are one-shot. Thread: any.
import CShims
import Engine

enum Hashing {
    static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        _ = SHA256(bytes, bytes.count, &out)
        return out
    }

    /// The lower-case hex digits of the SHA-256, cut to `digits`.
    static func hex(_ bytes: [UInt8], digits: Int = 64) -> String {
        String(Hex.text(sha256(bytes)).prefix(digits))
    }

    static func hex(_ text: String, digits: Int = 64) -> String { hex(Array(text.utf8), digits: digits) }

    static func hmac(key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        var length: UInt32 = 0
        _ = HMAC(EVP_sha256(), key, Int32(key.count), bytes, bytes.count, &out, &length)
        return out
    }

    /// A number in 0..<1 that depends on `text` alone: decides a fault with a probability.
    static func fraction(_ text: String) -> Double {
        let word = sha256(Array(text.utf8)).prefix(6).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Double(word) / Double(UInt64(1) << 48)
    }
}
