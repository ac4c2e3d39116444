// Judges many URLs in a row, as a request lists them: most share a few hosts. Pure. Thread: any.
//
// There are three readers of URLs because of their speed. A URL of 110 bytes takes 35 ns here, 110 ns in `WebURL` and
// 1,150 ns in `ParsedURL` (curl), and a request may list 1.8 million. A reader leaves the URLs that it cannot judge to
// the next one. The fuzz target `url` compares all three.

/// Remembers permitted hosts, so that each is judged once.
public struct URLJudge {
    private static let slots = 64
    /// Longest host that is remembered, bytes. Longer hosts, and those below 8 bytes, are judged each time.
    private static let hostBytes = 64

    private let policy: AddressPolicy
    /// The host of slot N begins at N x `hostBytes`.
    private var hosts = [UInt8](repeating: 0, count: slots * hostBytes)
    /// 0 for an empty slot.
    private var lengths = [UInt8](repeating: 0, count: slots)

    public init(policy: AddressPolicy) { self.policy = policy }

    /// Same as `WebURL.problem`, for UTF-8 bytes.
    public mutating func problem(_ url: Span<UInt8>) -> String? {
        guard let host = URLJudge.plainHost(url) else { return WebURL.problem(url, policy: policy) }
        let slot = URLJudge.slot(url, host)
        if knows(url, host, slot) { return nil }
        let problem = WebURL.problem(url, policy: policy)
        if problem == nil, URLJudge.isName(url.extracting(host)) { remember(url, host, slot) }
        return problem
    }

    /// Range of the host between `http(s)://` and the next slash. Returns nil unless the host alone decides: the URL
    /// is visible ASCII without a backslash, and the host is short enough to be remembered.
    @inline(__always)
    private static func plainHost(_ url: Span<UInt8>) -> Range<Int>? {
        guard url.count >= 16 else { return nil }
        let scheme = ByteBlock.word(url, at: 0)
        let start: Int
        if scheme == 0x2F2F_3A73_7074_7468 {  // https://
            start = 8
        } else if scheme << 8 == 0x2F2F_3A70_7474_6800 {  // http://
            start = 7
        } else {
            return nil
        }
        var end = start
        var slash: UInt64 = 0
        repeat {
            guard end &+ 8 <= url.count, end < start &+ hostBytes else { return nil }
            slash = ByteBlock.matches(ByteBlock.word(url, at: end), UInt8(ascii: "/"))
            end &+= ByteBlock.prefix(before: slash)
        } while slash == 0
        guard 8...hostBytes ~= end - start, !hasUnusualBytes(url) else { return nil }
        return start..<end
    }

    /// True if any byte is a backslash or not visible ASCII. Requires at least 16 bytes.
    @inline(__always)
    private static func hasUnusualBytes(_ url: Span<UInt8>) -> Bool {
        let ones = SIMD2(repeating: ByteBlock.ones)
        var unusual = SIMD2<UInt64>(repeating: 0)
        var index = 0
        let last = url.count &- 16
        while true {
            let words = ByteBlock.words(url, at: index)
            let backslashes = words ^ SIMD2(repeating: 0x5C5C_5C5C_5C5C_5C5C)
            // The subtraction's borrow can also flag the byte after a real backslash, never without one.
            unusual |= (words &- SIMD2(repeating: 0x2121_2121_2121_2121)) | words | (words &+ ones)
            unusual |= backslashes &- ones
            guard index < last else { break }
            index = min(index &+ 16, last)
        }
        return (unusual[0] | unusual[1]) & ByteBlock.highBits != 0
    }

    private static func isName(_ host: Span<UInt8>) -> Bool {
        for index in host.indices
        where host[index] != UInt8(ascii: ".") && !HostRule.isLabelByte(host[index]) { return false }
        return true
    }

    // MARK: Remembered hosts

    @inline(__always)
    private static func slot(_ url: Span<UInt8>, _ host: Range<Int>) -> Int {
        let mixed = ByteBlock.word(url, at: host.lowerBound) ^ ByteBlock.word(url, at: host.upperBound &- 8) &* 31
        return Int(truncatingIfNeeded: (mixed &* 0x9E37_79B9_7F4A_7C15) >> 58)
    }

    @inline(__always)
    private func knows(_ url: Span<UInt8>, _ host: Range<Int>, _ slot: Int) -> Bool {
        guard Int(lengths[slot]) == host.count else { return false }
        let known = hosts.span
        let base = slot &* URLJudge.hostBytes
        var offset = 0
        while true {
            let same = ByteBlock.word(url, at: host.lowerBound &+ offset) == ByteBlock.word(known, at: base &+ offset)
            guard same, offset &+ 8 < host.count else { return same }
            offset = min(offset &+ 8, host.count &- 8)
        }
    }

    private mutating func remember(_ url: Span<UInt8>, _ host: Range<Int>, _ slot: Int) {
        lengths[slot] = UInt8(host.count)
        for (offset, index) in host.enumerated() { hosts[slot * URLJudge.hostBytes + offset] = url[index] }
    }
}
