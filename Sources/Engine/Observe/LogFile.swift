// The output of log lines: standard output, or a file that can be reopened. Frees: its descriptor, in `close`.
// Thread: the log thread, after creation.

import Glibc

final class LogFile {
    /// nil means standard output.
    private let path: String?
    /// -1 if there is no open file.
    private(set) var descriptor: Int32

    static var standardOutput: LogFile { LogFile(writingTo: STDOUT_FILENO) }

    /// Writes to an open descriptor that its owner closes.
    convenience init(writingTo descriptor: Int32) { self.init(path: nil, descriptor: descriptor) }

    /// Opens a file for appending and creates its folder.
    static func named(_ path: String) -> LogFile { LogFile(path: path, descriptor: open(path)) }

    private init(path: String?, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    /// Opens the file that has the name now. If that fails, the old one stays open and `errno` has the reason.
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

    /// Returns the reason why the file cannot be written, or nil. Creates nothing.
    static func problem(_ path: String) -> String? {
        let found = Glibc.open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        if found >= 0 {
            Glibc.close(found)
            return nil
        }
        guard errno == ENOENT else { return String(cString: strerror(errno)) }
        // The file would be created, so the nearest existing folder must be writable.
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
