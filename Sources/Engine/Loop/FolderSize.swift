// How many entries a folder has, asked on libuv's thread pool. Thread: the loop's. Frees: nothing, the request does.
import CShims

public enum FolderSize {
    /// nil if it cannot be read.
    public static func entries(_ path: String, on loop: Loop) async -> Int? {
        try? await FileRequest.run("scandir", loop) { uv_fs_scandir($0, $1, path, 0, $2) }
    }
}
