// The Date field, made once a second. Thread: its listener's loop.
import Engine

#if canImport(Glibc)
import Glibc
#endif

/// `Date: Tue, 05 Aug 2025 08:30:15 GMT` with its line end.
struct DateLine {
    private var second: Int64 = .min
    private var line: [UInt8] = []

    /// The line for this moment.
    mutating func bytes() -> [UInt8] {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &time)  // no system call: a few nanoseconds
        let now = Int64(time.tv_sec)
        if now != second {
            second = now
            line = DateLine.make(secondsSinceEpoch: now)
        }
        return line
    }

    static func make(secondsSinceEpoch seconds: Int64) -> [UInt8] {
        let days = Int(seconds / 86_400)
        let inDay = Int(seconds % 86_400)
        let (year, month, day) = CivilDate.from(daysSinceEpoch: days)
        let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][days % 7]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let clock = "\(two(inDay / 3600)):\(two(inDay / 60 % 60)):\(two(inDay % 60))"
        return [UInt8]("Date: \(weekday), \(two(day)) \(months[month - 1]) \(year) \(clock) GMT\r\n".utf8)
    }
}
