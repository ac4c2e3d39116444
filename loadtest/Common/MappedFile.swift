// A spool file's bytes as memory: sending them costs only the kernel's copy. Frees: the mapping in `deinit`. Thread:
// any, one at a time.
import Glibc

final class MappedFile {
    /// Valid as long as this object; access it through `withBytes` only.
    private let mapping: UnsafeRawBufferPointer

    init(descriptor: Int32, count: Int) throws(SpoolFile.Failure) {
        guard count > 0, let base = mmap(nil, count, PROT_READ, MAP_SHARED, descriptor, 0), base != MAP_FAILED else {
            throw SpoolFile.Failure(reason: "cannot map a temporary file: errno \(errno)")
        }
        mapping = UnsafeRawBufferPointer(start: base, count: count)
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: mapping.baseAddress), mapping.count) }

    var count: Int { mapping.count }

    func withBytes<Value>(_ body: (UnsafeRawBufferPointer) throws -> Value) rethrows -> Value {
        try withExtendedLifetime(self) { try body(mapping) }
    }
}

extension SpoolFile {
    /// Maps the bytes written so far; the file itself may be closed afterwards.
    func mapped() throws(Failure) -> MappedFile { try MappedFile(descriptor: descriptor, count: count) }
}
