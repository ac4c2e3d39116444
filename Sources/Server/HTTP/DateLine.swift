// The Date header, made once per second. Thread: its listener's loop.
import Engine
import Glibc

/// `Date: Tue, 05 Aug 2025 08:30:15 GMT` with its line end.
struct DateLine {
    private var second: Int64 = .min
    private var line: [UInt8] = []

    /// The line for the current second.
    mutating func bytes() -> [UInt8] {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &time)  // no system call: takes a few nanoseconds
        let now = Int64(time.tv_sec)
        if now != second {
            second = now
            line = DateLine.make(secondsSinceEpoch: now)
        }
        return line
    }

    static func make(secondsSinceEpoch seconds: Int64) -> [UInt8] {
        [UInt8]("Date: \(HTTPDate.text(secondsSinceEpoch: Int(seconds)))\r\n".utf8)
    }
}
