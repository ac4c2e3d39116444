// Number of entries in a folder, read on libuv's thread pool. Thread: the loop's.
// Frees: nothing; the request frees itself.
import CShims

public enum FolderSize {
    /// Returns nil if the folder cannot be read.
    public static func entries(_ path: String, on loop: Loop) async -> Int? {
        try? await FileRequest.run("scandir", loop) { uv_fs_scandir($0, $1, path, 0, $2) }
    }
}
