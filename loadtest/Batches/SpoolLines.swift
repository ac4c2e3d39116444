// The lines of a stored file, one at a time. Thread: its loop.

/// Reads lines with a buffer of one block; a line's own length is the only other memory.
struct SpoolLines {
    private let content: SpoolFile
    private var buffer: [UInt8] = []
    private var used = 0
    private var readTo = 0
    private var lineStart = 0
    private static let block = 1 << 20

    init(_ content: SpoolFile) { self.content = content }

    /// The next line without its line break, and its position; nil at the end. The last line needs no line break.
    mutating func next() throws(SpoolFile.Failure) -> (range: Range<Int>, bytes: [UInt8])? {
        var searched = used
        while true {
            if let at = ByteSearch.first([0x0A], in: buffer, from: searched) { return take(upTo: at, skip: 1) }
            searched = buffer.count
            if readTo >= content.count {
                return used < buffer.count ? take(upTo: buffer.count, skip: 0) : nil
            }
            let more = try content.read(at: readTo, length: SpoolLines.block)
            if used > 0 {
                buffer.removeFirst(used)
                searched -= used
                used = 0
            }
            buffer.append(contentsOf: more)
            readTo += more.count
        }
    }

    private mutating func take(upTo end: Int, skip: Int) -> (range: Range<Int>, bytes: [UInt8]) {
        let bytes = Array(buffer[used..<end])
        let range = lineStart..<(lineStart + bytes.count)
        lineStart += bytes.count + skip
        used = end + skip
        return (range, bytes)
    }
}
