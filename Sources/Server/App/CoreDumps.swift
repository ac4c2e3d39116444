// Keeps keys out of core dumps. Thread: the main one, before any other starts.

import Glibc

enum CoreDumps {
    /// Turns off dumps to files. The limit does not bind a program behind `core_pattern`, so its dump gets no memory
    /// that could contain a key. `PR_SET_DUMPABLE` would do both, but the process could then not count its own
    /// descriptors (`/metrics`).
    static func switchOff() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        // Some containers lack this file; there is nothing to switch off then.
        guard let filter = fopen("/proc/self/coredump_filter", "w") else { return }
        fputs("0", filter)
        fclose(filter)
    }
}
