// Text that a C function wrote into a buffer. Pure; any thread.

extension String {
    /// Decodes the bytes of `buffer` before its first NUL.
    public init(cBuffer buffer: [CChar]) {
        self.init(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
