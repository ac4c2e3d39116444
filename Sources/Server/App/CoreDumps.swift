// Keeps keys out of core dumps. Thread: the main one, before any other is started.

import Glibc

enum CoreDumps {
    /// No dump is written to a file, and what a program behind `core_pattern` gets, for which the limit does not
    /// count, holds no memory that could hold a key. `PR_SET_DUMPABLE` would do too, but would also keep the process
    /// from counting its own descriptors (`/metrics`).
    static func switchOff() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        // Absent in some containers; then there is nothing to switch off.
        guard let filter = fopen("/proc/self/coredump_filter", "w") else { return }
        fputs("0", filter)
        fclose(filter)
    }
}
