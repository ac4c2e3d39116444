// Lines out of chunks that know nothing of lines. Pure; memory is bounded by the longest line and one chunk.

/// Cuts a stream of bytes at its newlines. Empty lines are left out; so are lines over the bound, which are counted.
package struct LineSplitter {
    let maxLineBytes: Int
    /// Lines that were over the bound.
    package private(set) var skipped = 0
    private var buffer: [UInt8] = []
    /// Where the line being looked for begins.
    private var start = 0
    /// Where the search for its newline goes on.
    private var searched = 0
    private var isSkipping = false

    package init(maxLineBytes: Int) { self.maxLineBytes = maxLineBytes }

    /// Call ``next()`` until it gives nil before feeding more.
    package mutating func feed(_ chunk: [UInt8]) {
        if start > 0 {
            buffer.removeFirst(start)
            searched -= start
            start = 0
        }
        buffer.append(contentsOf: chunk)
    }

    /// The next whole line, without its line end.
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

    /// The last line, if the stream did not end with a newline.
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

    /// What is left of a line that cannot be accepted any more need not be kept.
    private mutating func dropOverlong() {
        guard isSkipping || buffer.count - start > maxLineBytes else { return }
        if !isSkipping { skipped += 1 }
        isSkipping = true
        buffer.removeAll()
        start = 0
        searched = 0
    }
}
