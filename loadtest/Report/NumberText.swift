// Formats numbers for people. Pure; any thread.

enum NumberText {
    /// About four figures: `61,234`, `12.3`, `4.56`, `0.789`, `0.0012`.
    static func short(_ value: Double) -> String {
        guard value.isFinite else { return "-" }
        let size = abs(value)
        switch size {
        case 0: return "0"
        case 100...: return grouped(Int(value.rounded()))
        case 10..<100: return fixed(value, 1)
        case 1..<10: return fixed(value, 2)
        case 0.1..<1: return fixed(value, 3)
        default: return fixed(value, 4)
        }
    }

    /// As `short`, without zeros at the end: for the ticks of an axis.
    static func tick(_ value: Double) -> String {
        let text = Substring(short(value))
        guard text.contains(".") else { return String(text) }
        let cut = text.prefix(through: text.lastIndex { $0 != "0" } ?? text.startIndex)
        return String(cut.last == "." ? cut.dropLast() : cut)
    }

    /// With this many decimals.
    static func fixed(_ value: Double, _ decimals: Int) -> String {
        let factor = (0..<decimals).reduce(1) { power, _ in power * 10 }
        let scaled = Int((abs(value) * Double(factor)).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard decimals > 0 else { return sign + String(scaled) }
        let rest = String(scaled % factor)
        return sign + String(scaled / factor) + "." + String(repeating: "0", count: decimals - rest.count) + rest
    }

    /// `1234567` as `1,234,567`.
    static func grouped(_ value: Int) -> String {
        var text = ""
        for (index, digit) in String(value.magnitude).reversed().enumerated() {
            if index > 0, index % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return (value < 0 ? "-" : "") + String(text.reversed())
    }

    /// For JSON: with the precision of a measurement.
    static func rounded(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }
}
