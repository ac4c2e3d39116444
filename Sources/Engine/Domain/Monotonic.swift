// Monotonic time, for measurements and deadlines. Any thread.
import Glibc

public enum Monotonic {
    /// Seconds since a fixed moment before the process began.
    public static func seconds() -> Double {
        let time = now()
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1_000_000_000
    }

    /// The same in whole milliseconds.
    public static func milliseconds() -> UInt64 {
        let time = now()
        return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
    }

    /// The same in whole nanoseconds.
    public static func nanoseconds() -> Int {
        let time = now()
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    private static func now() -> timespec {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time
    }
}
