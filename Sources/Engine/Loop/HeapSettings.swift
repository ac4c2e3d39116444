// glibc's policy for free heap memory. Applied once per process, from any thread.
import CShims

/// Keeps free heap memory in the process. By default glibc returns the top of a heap to the kernel as soon as 128 KB
/// are free, then faults it in again, page by page, for the next buffer. With images of
/// 50 KB that cost two fifths of the CPU.
enum HeapSettings {
    /// Free bytes kept at the top of each heap.
    static let keptBytes = 4 * 1024 * 1024
    /// Larger blocks come from the kernel and return to it one by one.
    static let heapPieceBytesMax = 1024 * 1024

    static let apply: Void = {
        mallopt(M_TRIM_THRESHOLD, Int32(keptBytes))
        mallopt(M_MMAP_THRESHOLD, Int32(heapPieceBytesMax))
    }()
}
