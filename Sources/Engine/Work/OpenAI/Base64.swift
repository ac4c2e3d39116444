// RFC 4648 base64 with padding, for data URLs. Pure.

enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func append(_ bytes: [UInt8], to out: inout [UInt8]) {
        let alphabet = alphabet.span
        let input = bytes.span
        var index = 0
        while index + 2 < input.count {
            let group = Int(input[index]) << 16 | Int(input[index + 1]) << 8 | Int(input[index + 2])
            out.append(alphabet[group >> 18])
            out.append(alphabet[group >> 12 & 63])
            out.append(alphabet[group >> 6 & 63])
            out.append(alphabet[group & 63])
            index += 3
        }
        guard index < input.count else { return }
        let isPair = index + 1 < input.count
        let group = Int(input[index]) << 16 | (isPair ? Int(input[index + 1]) << 8 : 0)
        out.append(alphabet[group >> 18])
        out.append(alphabet[group >> 12 & 63])
        out.append(isPair ? alphabet[group >> 6 & 63] : UInt8(ascii: "="))
        out.append(UInt8(ascii: "="))
    }
}
