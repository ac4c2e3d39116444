// Floats as CPython's `repr` prints them (C1.2). Pure. Thread: any.

enum FloatRepr {
    /// Returns the nearest double of a JSON number, rounded like `strtod` and CPython; infinity if it is too large.
    static func value(of number: String) -> Double {
        // Swift's parser returns infinity or zero for a number out of range, and
        // nil only for a text that is not a number.
        Double(number) ?? .nan
    }

    /// Appends the text that CPython's `json.dumps` prints for `number`.
    static func append(_ number: Double, to out: inout [UInt8]) {
        if number.sign == .minus { out.append(UInt8(ascii: "-")) }
        guard number.isFinite else { return out.append("Infinity") }
        // Swift and CPython choose the same shortest digits that read back exactly; only the layout differs.
        var (digits, point) = parts(of: number.magnitude)
        if point > 16 || point < -3 {
            let exponent = point - 1
            out.append(digits.removeFirst())
            if !digits.isEmpty { out.append(UInt8(ascii: ".")) }
            out += digits
            out.append(UInt8(ascii: "e"))
            out.append(exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
            if exponent.magnitude < 10 { out.append(UInt8(ascii: "0")) }
            out += String(exponent.magnitude).utf8
        } else if point <= 0 {
            out.append("0.")
            out += repeatElement(UInt8(ascii: "0"), count: -point)
            out += digits
        } else {
            digits += repeatElement(UInt8(ascii: "0"), count: max(0, point + 1 - digits.count))
            out += digits.prefix(point)
            out.append(UInt8(ascii: "."))
            out += digits.dropFirst(point)
        }
    }

    /// Returns the shortest digits without zeros at either end (a lone `0` for zero) and the
    /// position of the point: 0.DIGITS x 10^point.
    private static func parts(of number: Double) -> (digits: [UInt8], point: Int) {
        var digits: [UInt8] = []
        var point = 0
        var seenPoint = false
        var text = number.description.utf8[...]
        while let byte = text.popFirst() {
            if byte == UInt8(ascii: "e") {
                point += Int(Substring(text)) ?? 0
                break
            }
            if byte == UInt8(ascii: ".") {
                seenPoint = true
                continue
            }
            if digits.isEmpty, byte == UInt8(ascii: "0") {
                if seenPoint { point -= 1 }
                continue
            }
            digits.append(byte)
            if !seenPoint { point += 1 }
        }
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return digits.isEmpty ? ([UInt8(ascii: "0")], 1) : (digits, point)
    }
}
