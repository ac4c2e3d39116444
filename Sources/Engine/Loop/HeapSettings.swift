// How glibc keeps the memory that is free. Any thread, once for the process.
import CShims

/// By itself glibc gives the end of a heap back to the kernel whenever 128 KB of it are free, and gets it again, page
/// by page, for the next buffer: for images of 50 KB that was two fifths of the CPU.
enum HeapSettings {
    /// Free bytes that each of the few heaps keeps at its end.
    static let keptBytes = 4 * 1024 * 1024
    /// Larger pieces are got from the kernel and given back one by one.
    static let heapPieceBytesMax = 1024 * 1024

    static let apply: Void = {
        mallopt(M_TRIM_THRESHOLD, Int32(keptBytes))
        mallopt(M_MMAP_THRESHOLD, Int32(heapPieceBytesMax))
    }()
}
