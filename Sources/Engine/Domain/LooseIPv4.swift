// IPv4 as inet_aton reads it: one to four numbers, decimal, octal or hexadecimal; the
// last one fills the remaining bytes. Pure.

/// Classifies a host whose last label begins with a digit. Resolvers read `127.1`, `0x7f.1`, `017700000001` and
/// `2130706433` as the loopback address, so a judge of URLs must do the same.
enum LooseIPv4: Equatable {
    case address(UInt32)
    /// Ends in a number but is not an address. No resolver should be asked for it.
    case malformed
    /// The last label is not a number (`3com`, `0xyz`).
    case name

    static func read(_ host: Span<UInt8>) -> LooseIPv4 {
        var start = host.count
        while start > 0, host[start - 1] != UInt8(ascii: ".") { start -= 1 }
        guard looksNumeric(host.extracting(start..<host.count)) else { return .name }
        var parts: [UInt64] = []
        var from = 0
        for index in 0...host.count where index == host.count || host[index] == UInt8(ascii: ".") {
            guard parts.count < 4, let value = number(host.extracting(from..<index)) else { return .malformed }
            parts.append(value)
            from = index + 1
        }
        return combine(parts)
    }

    private static func combine(_ parts: [UInt64]) -> LooseIPv4 {
        let head = parts.dropLast()
        let tail = parts[parts.count - 1]
        guard head.allSatisfy({ $0 <= 255 }), tail < UInt64(1) << (8 * (4 - head.count)) else { return .malformed }
        var bits = UInt32(tail)
        for (index, part) in head.enumerated() { bits |= UInt32(part) << (24 - 8 * index) }
        return .address(bits)
    }

    /// True for all digits, or `0x` and hexadecimal digits.
    private static func looksNumeric(_ label: Span<UInt8>) -> Bool {
        let start = isHex(label) ? 2 : 0
        for index in start..<label.count {
            let isInBase = start == 2 ? Hex.value(label[index]) != nil : ASCII.isDigit(label[index])
            if !isInBase { return false }
        }
        return true
    }

    /// Returns nil if a digit does not fit the base or the number exceeds 32 bits.
    private static func number(_ label: Span<UInt8>) -> UInt64? {
        if label.isEmpty { return nil }
        let hex = isHex(label)
        let octal = !hex && label.count > 1 && label[0] == UInt8(ascii: "0")
        let base: UInt64 = hex ? 16 : octal ? 8 : 10
        var value: UInt64 = 0
        for index in (hex ? 2 : 0)..<label.count {
            guard let digit = Hex.value(label[index]), digit < base else { return nil }
            value = value * base + UInt64(digit)
            if value > UInt64(UInt32.max) { return nil }
        }
        return value
    }

    private static func isHex(_ label: Span<UInt8>) -> Bool {
        label.count >= 2 && label[0] == UInt8(ascii: "0") && ASCII.lower(label[1]) == UInt8(ascii: "x")
    }
}
