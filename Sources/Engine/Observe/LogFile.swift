// Where log lines go: standard output, or a file that can be opened anew. Frees: its descriptor, by `close`.
// Thread: the writing one, after the making.

import Glibc

final class LogFile {
    /// nil: standard output.
    private let path: String?
    /// -1: there is none.
    private(set) var descriptor: Int32

    static var standardOutput: LogFile { LogFile(writingTo: STDOUT_FILENO) }

    /// Something open that somebody else closes.
    convenience init(writingTo descriptor: Int32) { self.init(path: nil, descriptor: descriptor) }

    /// Appended to; its folder is made.
    static func named(_ path: String) -> LogFile { LogFile(path: path, descriptor: open(path)) }

    private init(path: String?, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    /// The file that has the name now; the old one is kept if there is none to be had (and `errno` says why).
    func reopen() -> Bool {
        guard let path else { return true }
        let fresh = LogFile.open(path)
        guard fresh >= 0 else { return false }
        close()
        descriptor = fresh
        return true
    }

    func close() {
        if path != nil, descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Why the file could not be written; nil if it could. Makes nothing.
    static func problem(_ path: String) -> String? {
        let found = Glibc.open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        if found >= 0 {
            Glibc.close(found)
            return nil
        }
        guard errno == ENOENT else { return String(cString: strerror(errno)) }
        // It would be made, in the nearest folder that there is.
        var folder = path[...]
        repeat {
            folder = folder.lastIndex(of: "/").map { folder[..<$0] } ?? "."
        } while folder != "." && access("\(folder)/", F_OK) != 0
        return access("\(folder)/", W_OK | X_OK) == 0 ? nil : String(cString: strerror(errno))
    }

    private static func open(_ path: String) -> Int32 {
        var end = path.startIndex
        while let slash = path[end...].firstIndex(of: "/") {
            if slash > path.startIndex { mkdir(String(path[..<slash]), 0o755) }
            end = path.index(after: slash)
        }
        return Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
    }
}
