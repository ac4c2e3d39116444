// Finds bytes in bytes with the C library: a Swift loop in a debug build takes seconds for a batch file. Thread: any.
import Glibc

enum ByteSearch {
    static func contains(_ bytes: [UInt8], _ needle: String) -> Bool { first(Array(needle.utf8), in: bytes) != nil }

    /// The offset of the first occurrence at or after `start`.
    static func first(_ needle: [UInt8], in bytes: [UInt8], from start: Int = 0) -> Int? {
        guard let begin = needle.first else { return start }
        return bytes.withUnsafeBytes { all -> Int? in
            guard let base = all.baseAddress else { return nil }
            var at = start
            while at + needle.count <= all.count {
                guard let hit = memchr(base + at, Int32(begin), all.count - needle.count + 1 - at) else { return nil }
                let offset = UnsafeRawPointer(hit) - base
                if memcmp(base + offset, needle, needle.count) == 0 { return offset }
                at = offset + 1
            }
            return nil
        }
    }
}
