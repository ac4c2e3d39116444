// Bytes on disk without a name: uploaded and produced files, so that a 200 MB batch file costs no memory.
// Reads and writes block for the time of a page-cache copy; a simulator may do so, the service may not. Thread: its
// loop. Frees: the descriptor in `deinit`; the file has no name, so the kernel frees it with the descriptor.
import Glibc

/// A file that disappears with its owner.
final class SpoolFile {
    struct Failure: Error { let reason: String }

    let descriptor: Int32
    private(set) var count = 0

    init() throws(Failure) {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array((folder + "/loadtest-XXXXXX").utf8CString)
        descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw Failure(reason: "no temporary file in \(folder): errno \(errno)") }
        unlink(template)
    }

    deinit { close(descriptor) }

    func append(_ bytes: [UInt8]) throws(Failure) {
        var done = 0
        while done < bytes.count {
            let wrote = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress! + done, $0.count - done, count) }
            guard wrote > 0 else { throw Failure(reason: "cannot write a temporary file: errno \(errno)") }
            done += wrote
            count += wrote
        }
    }

    /// Overwrites existing bytes; never writes beyond the end.
    func overwrite(_ bytes: [UInt8], at offset: Int) throws(Failure) {
        guard offset + bytes.count <= count, pwrite(descriptor, bytes, bytes.count, offset) == bytes.count else {
            throw Failure(reason: "cannot write a temporary file: errno \(errno)")
        }
    }

    /// At most `length` bytes from `offset`; fewer at the end.
    func read(at offset: Int, length: Int) throws(Failure) -> [UInt8] {
        let wanted = max(0, min(length, count - offset))
        var done = 0
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, initialized in
            while done < wanted, !failed {
                // A count above zero implies an address.
                let got = pread(descriptor, buffer.baseAddress! + done, wanted - done, offset + done)
                if got > 0 { done += got } else { failed = true }
            }
            initialized = done
        }
        if failed { throw Failure(reason: "cannot read a temporary file: errno \(errno)") }
        return bytes
    }
}
