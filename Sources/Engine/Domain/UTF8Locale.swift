// Character set in which libidn2 reads host names: that of the thread's locale, which is ASCII in a bare container.
// Frees: nothing; the locale lives as long as the process. Thread: changes the calling thread's locale only.
import Glibc

/// Lets curl read `https://münchen.example/` where `LANG` is not set. Only the character set changes; numbers,
/// messages and other threads keep their locale.
enum UTF8Locale {
    nonisolated(unsafe) private static let handle = newlocale(  // immutable after creation
        Int32(1) << LC_CTYPE, "C.UTF-8", nil)

    /// Sets the locale for good, on a thread that calls curl all its life.
    static func adoptOnThisThread() {
        if let handle { uselocale(handle) }
    }

    static func within<Result>(_ body: () -> Result) -> Result {
        guard let handle else { return body() }
        let before = uselocale(handle)
        defer { uselocale(before) }
        return body()
    }
}
