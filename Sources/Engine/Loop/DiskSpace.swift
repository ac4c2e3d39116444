// Usage of a file system, read on libuv's thread pool. Thread: the loop's. Frees: nothing; the request frees itself.
import CShims

public enum DiskSpace {
    /// Returns the used share of `path`'s file system, 0...100, or nil if it cannot be read.
    public static func usedPercent(_ path: String, on loop: Loop) async -> Double? {
        let percent = try? await FileRequest.run("statfs", loop, { uv_fs_statfs($0, $1, path, $2) }) { request, _ in
            used(request.ptr)
        }
        return percent ?? nil
    }

    /// Counts like `df`: the blocks reserved for root are neither used nor free.
    private static func used(_ pointer: UnsafeMutableRawPointer?) -> Double? {
        guard let stat = pointer?.assumingMemoryBound(to: uv_statfs_t.self).pointee else { return nil }
        let taken = Double(stat.f_blocks - stat.f_bfree)
        let all = taken + Double(stat.f_bavail)
        return all > 0 ? taken / all * 100 : nil
    }
}
