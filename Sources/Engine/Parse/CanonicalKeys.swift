// The order of object keys: by code point, as CPython sorts `str` (C1.2). Pure. Thread: any.
//
// Neither UTF-16 units nor the escaped text sort by code point: a lone surrogate comes before U+E000 and before every
// character above U+FFFF, and `\u` comes before letters. So the comparison decodes escapes; most keys have none.

enum CanonicalKeys {
    typealias ObjectMember = ObjectSorter.ObjectMember

    /// Returns true if `a`'s key comes strictly before `b`'s.
    static func precedes(_ a: ObjectMember, _ b: ObjectMember, in text: Span<UInt8>) -> Bool {
        order(a, b, in: text) ?? false
    }

    /// Returns true if `a`'s key comes before `b`'s, and nil if both have the same key.
    static func order(_ a: ObjectMember, _ b: ObjectMember, in text: Span<UInt8>) -> Bool? {
        let left = text.extracting(a.start + 1..<a.keyEnd - 1)
        let right = text.extracting(b.start + 1..<b.keyEnd - 1)
        let common = plainPrefix(left, right)
        var i = common
        var j = common
        while i < left.count, j < right.count {
            let x = scalar(left, &i)
            let y = scalar(right, &j)
            if x != y { return x < y }
        }
        if i < left.count { return false }
        return j < right.count ? true : nil
    }

    /// Length of the common beginning, counted in whole words without escapes. It saves a
    /// step per byte for long equal beginnings.
    @inline(__always)
    private static func plainPrefix(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Int {
        let end = min(left.count, right.count) - 8
        var index = 0
        while index <= end {
            let a = ByteBlock.word(left, at: index)
            if a != ByteBlock.word(right, at: index) || JSONText.notPlain(a) != 0 { break }
            index += 8
        }
        return index
    }

    @inline(__always)
    private static func scalar(_ key: Span<UInt8>, _ index: inout Int) -> UInt32 {
        let byte = key[index]
        guard byte == JSONText.backslash else {
            index += 1
            return UInt32(byte)
        }
        return escaped(key, &index)
    }

    private static func escaped(_ key: Span<UInt8>, _ index: inout Int) -> UInt32 {
        let letter = key[index + 1]
        if letter == UInt8(ascii: "u") { return JSONString.scalar(key, &index) }
        index += 2
        return UInt32(JSONString.plainEscape(letter))
    }
}
