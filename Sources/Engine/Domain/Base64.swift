// RFC 4648 base64 with padding, for data URLs and Standard Webhooks signatures. Pure.
// Encodes twelve bits at a time, because an image of 10 MB is encoded on a loop thread.

public enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The two characters of each twelve-bit value, the first one in the low byte.
    private static let pairs: [UInt16] = (0..<4096).map { bits in
        UInt16(alphabet[bits >> 6]) | UInt16(alphabet[bits & 63]) << 8
    }

    /// Input bytes per block: small enough to stay in the CPU cache until `out` has them.
    private static let blockBytes = 3 * 4096

    public static func text(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        append(bytes, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    static func append(_ bytes: [UInt8], to out: inout [UInt8]) {
        out.reserveCapacity(out.count + (bytes.count + 2) / 3 * 4)
        let whole = bytes.count / 3 * 3
        var start = 0
        while start < whole {
            let end = min(start + blockBytes, whole)
            out.append(contentsOf: block(bytes.span.extracting(start..<end)))
            start = end
        }
        appendRest(bytes[whole...], to: &out)
    }

    private static func block(_ input: Span<UInt8>) -> [UInt8] {
        let pairs = pairs.span
        return [UInt8](unsafeUninitializedCapacity: input.count / 3 * 4) { out, count in
            var from = 0
            var to = 0
            while from < input.count {
                let group = Int(input[from]) << 16 | Int(input[from + 1]) << 8 | Int(input[from + 2])
                let high = pairs[group >> 12]
                let low = pairs[group & 4095]
                out.initializeElement(at: to, to: UInt8(truncatingIfNeeded: high))
                out.initializeElement(at: to + 1, to: UInt8(truncatingIfNeeded: high >> 8))
                out.initializeElement(at: to + 2, to: UInt8(truncatingIfNeeded: low))
                out.initializeElement(at: to + 3, to: UInt8(truncatingIfNeeded: low >> 8))
                from += 3
                to += 4
            }
            count = to
        }
    }

    /// Encodes the last one or two bytes.
    private static func appendRest(_ rest: ArraySlice<UInt8>, to out: inout [UInt8]) {
        guard let first = rest.first else { return }
        let second = rest.count > 1 ? rest.last : nil
        let group = Int(first) << 16 | Int(second ?? 0) << 8
        out.append(alphabet[group >> 18])
        out.append(alphabet[group >> 12 & 63])
        out.append(second == nil ? UInt8(ascii: "=") : alphabet[group >> 6 & 63])
        out.append(UInt8(ascii: "="))
    }
}
