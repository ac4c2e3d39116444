// Parses ISO 8601 times of query parameters. Pure.

extension Timestamp {
    /// Parses `2025-08-05`, `2025-08-05T07:30`, `2025-08-05T07:30:00.5Z`, `2025-08-05 07:30:00+02:00`, `+0200`,
    /// `+02`. A time without an offset is UTC. A space before the offset counts as `+`, because
    /// form decoding turns one into the other.
    /// - Returns: nil for any other text and for dates that do not exist.
    public init?(iso text: String) {
        var scanner = ISOScanner(bytes: Array(text.utf8))
        guard let moment = scanner.moment(), scanner.atEnd else { return nil }
        self.init(microseconds: moment)
    }

    /// This time if it is a whole second, otherwise the next whole second.
    public var roundedUpToSecond: Timestamp {
        let cut = floorToSecond
        return cut == self ? self : Timestamp(microseconds: cut.microseconds + 1_000_000)
    }

    /// The whole second that contains this time.
    public var floorToSecond: Timestamp {
        let rest = microseconds % 1_000_000
        return Timestamp(microseconds: microseconds - (rest < 0 ? rest + 1_000_000 : rest))
    }
}

private struct ISOScanner {
    let bytes: [UInt8]
    var index = 0

    var atEnd: Bool { index == bytes.count }

    mutating func moment() -> Int64? {
        guard let days = date() else { return nil }
        if atEnd { return Int64(days) * 86_400_000_000 }
        guard take("T") || take("t") || take(" "), let time = time(), let offset = offset() else { return nil }
        return Int64(days) * 86_400_000_000 + time - Int64(offset) * 60_000_000
    }

    private mutating func date() -> Int? {
        guard let year = number(4), take("-"), let month = number(2), take("-"), let day = number(2) else { return nil }
        guard year >= 1970, (1...12).contains(month), day >= 1 else { return nil }
        let days = CivilDate.days(year: year, month: month, day: day)
        // A day that does not exist converts back to a different day.
        return CivilDate.from(daysSinceEpoch: days) == (year, month, day) ? days : nil
    }

    private mutating func time() -> Int64? {
        guard let hour = number(2), hour < 24, take(":"), let minute = number(2), minute < 60 else { return nil }
        var microseconds = Int64(hour * 3600 + minute * 60) * 1_000_000
        guard take(":") else { return microseconds }
        guard let second = number(2), second < 60 else { return nil }
        microseconds += Int64(second) * 1_000_000
        guard take(".") || take(",") else { return microseconds }
        guard let fraction = fraction() else { return nil }
        return microseconds + fraction
    }

    private mutating func fraction() -> Int64? {
        var value: Int64 = 0
        var unit: Int64 = 100_000
        let start = index
        while index < bytes.count, let digit = digit(bytes[index]) {
            value += Int64(digit) * unit
            unit /= 10
            index += 1
        }
        return index > start ? value : nil
    }

    /// Minutes east of UTC; 0 if the text has no offset.
    private mutating func offset() -> Int? {
        if atEnd || take("Z") || take("z") { return 0 }
        let sign = take("-") ? -1 : 1
        guard sign < 0 || take("+") || take(" ") else { return nil }
        guard let hours = number(2), hours < 24 else { return nil }
        if atEnd { return sign * hours * 60 }
        _ = take(":")
        guard let minutes = number(2), minutes < 60 else { return nil }
        return sign * (hours * 60 + minutes)
    }

    private mutating func take(_ character: Character) -> Bool {
        guard index < bytes.count, bytes[index] == character.asciiValue else { return false }
        index += 1
        return true
    }

    private mutating func number(_ digits: Int) -> Int? {
        guard index + digits <= bytes.count else { return nil }
        var value = 0
        for byte in bytes[index..<index + digits] {
            guard let digit = digit(byte) else { return nil }
            value = value * 10 + digit
        }
        index += digits
        return value
    }

    private func digit(_ byte: UInt8) -> Int? {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? Int(byte - UInt8(ascii: "0")) : nil
    }
}
