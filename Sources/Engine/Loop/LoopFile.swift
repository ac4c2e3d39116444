// File access that does not block the loop: uv_fs_* on libuv's thread pool. Thread: the loop's. Frees: each request
// and its buffer after its callback; the descriptor in `close()` or deinit.
import CShims
import Glibc

/// An open file with positioned reads and writes. Loop-bound. Cancellation does not
/// interrupt an operation that has begun.
public final class LoopFile {
    public enum Mode: Sendable {
        /// The file must exist.
        case read
        /// Creates or truncates the file; only its owner can read and write it.
        case create
    }

    private unowned let loop: Loop
    private var descriptor: Int32

    private init(_ descriptor: Int32, _ loop: Loop) {
        self.descriptor = descriptor
        self.loop = loop
    }

    deinit { if descriptor >= 0 { LoopFile.closeUnwatched(descriptor, loop) } }

    public static func open(_ path: String, _ mode: Mode, on loop: Loop) async throws(SystemError) -> LoopFile {
        let flags =
            switch mode {
            case .read: O_RDONLY | O_CLOEXEC
            case .create: O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC
            }
        return LoopFile(try await open(path, flags, loop), loop)
    }

    /// Creates a file without a name in `directory`. It disappears when it is closed or the process dies.
    public static func spool(in directory: String, on loop: Loop) async throws(SystemError) -> LoopFile {
        let unnamed: SystemError
        do throws(SystemError) {
            return LoopFile(try await open(directory, temporaryFileFlags | O_RDWR | O_CLOEXEC, loop), loop)
        } catch { unnamed = error }
        // Some file systems lack O_TMPFILE (overlayfs before 6.3, NFS): create a file and unlink it.
        guard [UV_ENOTSUP.rawValue, UV_EISDIR.rawValue, UV_EINVAL.rawValue].contains(unnamed.code) else {
            throw unnamed
        }
        let path = directory + "/.spool-\(Identifier.random())"
        let file = LoopFile(try await open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, loop), loop)
        _ = try await FileRequest.run("unlink", loop) { uv_fs_unlink($0, $1, path, $2) }
        return file
    }

    /// Writes all of `bytes` at `offset`.
    public func write(_ bytes: [UInt8], at offset: Int) async throws(SystemError) {
        let file = try openDescriptor()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
        defer { buffer.deallocate() }
        buffer.copyBytes(from: bytes)
        var done = 0
        while done < bytes.count {
            let (from, left) = (done, bytes.count - done)
            var part = LoopFile.part(buffer, from: from, count: left)
            done += try await FileRequest.run("write", loop) {
                uv_fs_write($0, $1, file, &part, 1, Int64(offset + from), $2)
            }
        }
    }

    /// Reads up to `count` bytes from `offset`; fewer only at the end of the file.
    public func read(at offset: Int, count: Int) async throws(SystemError) -> [UInt8] {
        let file = try openDescriptor()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        defer { buffer.deallocate() }
        var done = 0
        while done < count {
            let (from, left) = (done, count - done)
            var part = LoopFile.part(buffer, from: from, count: left)
            let got = try await FileRequest.run("read", loop) {
                uv_fs_read($0, $1, file, &part, 1, Int64(offset + from), $2)
            }
            if got == 0 { break }
            done += got
        }
        return [UInt8](buffer[..<done])
    }

    /// Closes the file. Further operations throw `EBADF`. Idempotent.
    public func close() async {
        guard descriptor >= 0 else { return }
        let file = descriptor
        descriptor = -1
        // A failed close has still released the descriptor, and all data that matters was written before.
        _ = try? await FileRequest.run("close", loop) { uv_fs_close($0, $1, file, $2) }
    }

    // MARK: Parts

    /// `O_TMPFILE`, which Swift does not import: `__O_TMPFILE | O_DIRECTORY`.
    private static let temporaryFileFlags: Int32 = 0o20_000_000 | O_DIRECTORY

    private func openDescriptor() throws(SystemError) -> Int32 {
        guard descriptor >= 0 else { throw SystemError(UV_EBADF.rawValue, "file") }
        return descriptor
    }

    private static func open(_ path: String, _ flags: Int32, _ loop: Loop) async throws(SystemError) -> Int32 {
        Int32(try await FileRequest.run("open", loop) { uv_fs_open($0, $1, path, flags, 0o600, $2) })
    }

    private static func part(_ buffer: UnsafeMutableRawBufferPointer, from: Int, count: Int) -> uv_buf_t {
        let start = buffer.baseAddress.map { ($0 + from).assumingMemoryBound(to: CChar.self) }
        return uv_buf_init(start, UInt32(min(count, 1 << 30)))
    }

    /// Closes the descriptor of a file that its owner did not close. Runs on the pool; no task waits for it.
    private static func closeUnwatched(_ file: Int32, _ loop: Loop) {
        let request = UnsafeMutablePointer<uv_fs_t>.allocate(capacity: 1)
        uv_fs_close(loop.uv, request, file) { request in
            uv_fs_req_cleanup(request)
            request!.deallocate()
        }
    }
}

/// One call on libuv's thread pool; the calling task waits for it.
final class FileRequest: LoopObject<uv_fs_t> {
    private var continuation: CheckedContinuation<Int, Never>?

    override init() {
        super.init()
        raw.initialize(to: uv_fs_t())
    }

    deinit { uv_fs_req_cleanup(raw) }

    /// Returns the call's result. `start` begins the call with libuv's loop, request and callback.
    static func run(
        _ call: String, _ loop: Loop,
        _ start: (UnsafeMutablePointer<uv_loop_t>, UnsafeMutablePointer<uv_fs_t>, uv_fs_cb) -> Int32
    ) async throws(SystemError) -> Int {
        try await run(call, loop, start) { _, result in result }
    }

    /// As above. `read` extracts a value from the finished request.
    static func run<Value>(
        _ call: String, _ loop: Loop,
        _ start: (UnsafeMutablePointer<uv_loop_t>, UnsafeMutablePointer<uv_fs_t>, uv_fs_cb) -> Int32,
        _ read: (uv_fs_t, Int) -> Value
    ) async throws(SystemError) -> Value {
        loop.assertOnLoop()
        let request = FileRequest()
        let result = await withCheckedContinuation { continuation in
            request.continuation = continuation
            request.hold()
            let failure = start(loop.uv, request.raw, FileRequest.finished)
            guard failure < 0 else { return }
            request.release()
            continuation.resume(returning: Int(failure))
        }
        guard result >= 0 else { throw SystemError(Int32(result), call) }
        return read(request.raw.pointee, result)
    }

    private static let finished: uv_fs_cb = { raw in
        let request = FileRequest.taken(from: raw)
        request.continuation?.resume(returning: Int(request.raw.pointee.result))
    }
}
