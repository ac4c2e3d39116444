// How full a file system is, asked on libuv's thread pool. Thread: the loop's. Frees: the request in its callback.
import CShims

public enum DiskSpace {
    /// The share of `path`'s file system that is in use, 0...100; nil if it cannot be told.
    public static func usedPercent(_ path: String, on loop: Loop) async -> Double? {
        loop.assertOnLoop()
        let raw = UnsafeMutablePointer<uv_fs_t>.allocate(capacity: 1)
        return await withCheckedContinuation { continuation in
            raw.pointee.data = Unmanaged.passRetained(Waiter(continuation)).toOpaque()  // released in the callback
            let failure = uv_fs_statfs(loop.uv, raw, path, finished)
            guard failure < 0 else { return }
            Unmanaged<Waiter>.fromOpaque(raw.pointee.data).release()  // there will be no callback
            raw.deallocate()
            continuation.resume(returning: nil)
        }
    }

    private final class Waiter {
        let continuation: CheckedContinuation<Double?, Never>
        init(_ continuation: CheckedContinuation<Double?, Never>) { self.continuation = continuation }
    }

    private static let finished: uv_fs_cb = { raw in
        let waiter = Unmanaged<Waiter>.fromOpaque(raw!.pointee.data).takeRetainedValue()
        let percent = raw!.pointee.result == 0 ? used(raw!.pointee.ptr) : nil
        uv_fs_req_cleanup(raw)
        raw!.deallocate()
        waiter.continuation.resume(returning: percent)
    }

    /// As `df` counts: root's reserve belongs neither to the used nor to the free part.
    private static func used(_ pointer: UnsafeMutableRawPointer?) -> Double? {
        guard let stat = pointer?.assumingMemoryBound(to: uv_statfs_t.self).pointee else { return nil }
        let taken = Double(stat.f_blocks - stat.f_bfree)
        let all = taken + Double(stat.f_bavail)
        return all > 0 ? taken / all * 100 : nil
    }
}
