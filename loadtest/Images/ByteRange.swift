// One `Range: bytes=` of a request (RFC 9110 section 14). Thread: any.

enum ByteRange {
    enum Selection: Equatable {
        /// No range, a range that is not understood, or several ranges: the whole content is sent.
        case whole
        case part(Range<Int>)
        case unsatisfiable
    }

    static func of(_ header: String?, length: Int) -> Selection {
        guard let header, header.hasPrefix("bytes="), !header.contains(",") else { return .whole }
        let ends = header.dropFirst(6).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard ends.count == 2 else { return .whole }
        if ends[0].isEmpty {
            guard let count = Int(ends[1]), count > 0 else { return .unsatisfiable }
            return .part(max(0, length - count)..<length)
        }
        guard let first = Int(ends[0]), first >= 0 else { return .whole }
        guard let last = ends[1].isEmpty ? length - 1 : Int(ends[1]), last >= first || ends[1].isEmpty else {
            return .whole
        }
        guard first < length else { return .unsatisfiable }
        return .part(first..<min(last, length - 1) + 1)
    }
}
