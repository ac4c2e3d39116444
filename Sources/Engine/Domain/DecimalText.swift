// Writes numbers and times as bytes, without a String: some replies are built tens
// of thousands of times per second. Pure.

extension [UInt8] {
    /// Appends `number` in decimal, padded with zeros to at least `digits` digits.
    public mutating func append(decimal number: Int, digits: Int = 1) {
        if number < 0 { append(UInt8(ascii: "-")) }
        let magnitude = number.magnitude
        var (unit, left): (UInt, Int) = (1, digits)
        while left > 1 || magnitude / unit >= 10 {
            unit *= 10
            left -= 1
        }
        while unit > 0 {
            append(UInt8(ascii: "0") + UInt8(magnitude / unit % 10))
            unit /= 10
        }
    }

    /// Appends the time in the form of ``Timestamp/description``: `2025-08-05T08:30:15Z`.
    public mutating func append(_ time: Timestamp) {
        let total = Int((time.floorToSecond.microseconds) / 1_000_000)
        let days = total >= 0 ? total / 86_400 : (total - 86_399) / 86_400
        let inDay = total - days * 86_400
        let (year, month, day) = CivilDate.from(daysSinceEpoch: days)
        append(decimal: year, digits: 4)
        append("-", month)
        append("-", day)
        append("T", inDay / 3600)
        append(":", inDay / 60 % 60)
        append(":", inDay % 60)
        append(UInt8(ascii: "Z"))
    }

    private mutating func append(_ sign: Unicode.Scalar, _ number: Int) {
        append(UInt8(ascii: sign))
        append(decimal: number, digits: 2)
    }
}
