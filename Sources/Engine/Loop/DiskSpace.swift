// How full a file system is, asked on libuv's thread pool. Thread: the loop's. Frees: nothing, the request does.
import CShims

public enum DiskSpace {
    /// The share of `path`'s file system that is in use, 0...100; nil if it cannot be told.
    public static func usedPercent(_ path: String, on loop: Loop) async -> Double? {
        let percent = try? await FileRequest.run("statfs", loop, { uv_fs_statfs($0, $1, path, $2) }) { request, _ in
            used(request.ptr)
        }
        return percent ?? nil
    }

    /// As `df` counts: root's reserve belongs neither to the used nor to the free part.
    private static func used(_ pointer: UnsafeMutableRawPointer?) -> Double? {
        guard let stat = pointer?.assumingMemoryBound(to: uv_statfs_t.self).pointee else { return nil }
        let taken = Double(stat.f_blocks - stat.f_bfree)
        let all = taken + Double(stat.f_bavail)
        return all > 0 ? taken / all * 100 : nil
    }
}
