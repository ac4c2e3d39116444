// The character set in which libidn2 reads host names: the thread's locale, which in a bare container is plain ASCII.
// Frees: nothing, the locale lives as long as the process. Thread: sets the calling thread's locale only.
import Glibc

/// Without it curl cannot read `https://münchen.example/` where no `LANG` is set. Only characters are concerned:
/// numbers and messages stay as they are, and so do all other threads.
enum UTF8Locale {
    nonisolated(unsafe) private static let handle = newlocale(  // immutable once made
        Int32(1) << LC_CTYPE, "C.UTF-8", nil)

    /// For a thread that will call curl for the rest of its life.
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
