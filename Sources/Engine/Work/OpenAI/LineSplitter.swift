// Splits chunks into lines. Pure; memory is bounded by the longest line and one chunk.

/// Splits a stream of bytes at its newlines. Drops empty lines; drops and counts lines above the limit.
package struct LineSplitter {
    let maxLineBytes: Int
    /// Number of lines above the limit.
    package private(set) var skipped = 0
    private var buffer: [UInt8] = []
    /// Start of the current line.
    private var start = 0
    /// Position at which the search for its newline continues.
    private var searched = 0
    private var isSkipping = false

    package init(maxLineBytes: Int) { self.maxLineBytes = maxLineBytes }

    /// Adds a chunk. First call ``next()`` until it returns nil.
    package mutating func feed(_ chunk: [UInt8]) {
        if start > 0 {
            buffer.removeFirst(start)
            searched -= start
            start = 0
        }
        buffer.append(contentsOf: chunk)
    }

    /// Returns the next whole line without its line end.
    package mutating func next() -> [UInt8]? {
        while let newline = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = start..<newline
            start = newline + 1
            searched = start
            if let whole = finish(line) { return whole }
        }
        searched = buffer.count
        dropOverlong()
        return nil
    }

    /// Returns the last line, if the stream did not end with a newline.
    package mutating func last() -> [UInt8]? {
        let line = start..<buffer.count
        start = buffer.count
        searched = start
        return finish(line)
    }

    private mutating func finish(_ range: Range<Int>) -> [UInt8]? {
        if isSkipping {
            isSkipping = false
            return nil
        }
        if range.count > maxLineBytes {
            skipped += 1
            return nil
        }
        let line = buffer[range]
        let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        return text.isEmpty ? nil : Array(text)
    }

    /// Drops the bytes of a line that is already too long.
    private mutating func dropOverlong() {
        guard isSkipping || buffer.count - start > maxLineBytes else { return }
        if !isSkipping { skipped += 1 }
        isSkipping = true
        buffer.removeAll()
        start = 0
        searched = 0
    }
}
