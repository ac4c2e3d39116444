// Text that a C function has written into a buffer. Pure; any thread.

extension String {
    /// What stands in `buffer` before its first NUL.
    public init(cBuffer buffer: [CChar]) {
        self.init(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
