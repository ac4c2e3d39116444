// Time that never goes back, for measuring. Pure but for the clock; any thread.
#if canImport(Glibc)
import Glibc
#endif

enum Monotonic {
    static func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1_000_000_000
    }
}
