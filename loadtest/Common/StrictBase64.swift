// Strict Base64 (RFC 4648 section 4): padding is required, other characters are errors. Thread: any.

enum StrictBase64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 0xFF, count: 256)
        for (value, letter) in alphabet.enumerated() { table[Int(letter)] = UInt8(value) }
        return table
    }()

    /// nil unless `text` is canonical Base64: full groups of four, padding at the end only, no spare bits set.
    static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        let letters = Array(text)
        guard letters.count % 4 == 0 else { return nil }
        let padding = letters.suffix(2).filter { $0 == UInt8(ascii: "=") }.count
        var out: [UInt8] = []
        out.reserveCapacity(letters.count / 4 * 3)
        var word: UInt32 = 0
        for (index, letter) in letters.dropLast(padding).enumerated() {
            let value = values[Int(letter)]
            guard value != 0xFF else { return nil }
            word = word << 6 | UInt32(value)
            if index % 4 == 3 {
                out.append(contentsOf: [UInt8(word >> 16 & 255), UInt8(word >> 8 & 255), UInt8(word & 255)])
                word = 0
            }
        }
        return appendRest(of: word, padding: padding, to: &out) ? out : nil
    }

    private static func appendRest(of word: UInt32, padding: Int, to out: inout [UInt8]) -> Bool {
        switch padding {
        case 1:
            out.append(contentsOf: [UInt8(word >> 10 & 255), UInt8(word >> 2 & 255)])
            return word & 3 == 0
        case 2:
            out.append(UInt8(word >> 4 & 255))
            return word & 15 == 0
        default: return true
        }
    }
}
