// Sorts an object's members by key after they have been written (C1.2). Pure. Thread: any.
//
// Members are written in place and moved only if their order was wrong. So a lot's text is copied at most once per
// level, and most objects (one member, or keys already in order) cost nothing.

/// A stack of the members of all open objects.
struct ObjectSorter: ~Copyable {
    /// Position of a member in the output: `start` is its key's opening quote, `keyEnd` is after the closing one.
    struct ObjectMember {
        let start: Int
        let keyEnd: Int
        let end: Int
    }

    /// An open object's part of the stack.
    struct Members {
        fileprivate let first: Int
        /// The last member. It stays off the stack, because most objects have one member or few members in order.
        fileprivate var last: ObjectMember?
        fileprivate var inOrder = true
    }

    /// Order of an object's members.
    enum Order: Sendable {
        case byKey
        /// The order of a Python `dict` or a JavaScript object: a repeated key keeps its first position.
        case asGiven
    }

    private let arrangement: Order
    private var members: [ObjectMember] = []
    private var scratch = ByteBuffer()

    init(_ order: Order) { arrangement = order }

    /// Resets after a failed write.
    mutating func reset() { members.removeAll(keepingCapacity: true) }

    func begin() -> Members { Members(first: members.count) }

    @inline(__always)
    mutating func add(_ member: ObjectMember, to open: inout Members, in output: borrowing ByteBuffer) {
        if let last = open.last {
            members.append(last)
            if open.inOrder { open.inOrder = CanonicalKeys.precedes(last, member, in: output.bytes.span) }
        }
        open.last = member
    }

    /// Closes the innermost object, whose members end the `output`: sorts them and keeps the last of equal keys.
    @inline(__always)
    mutating func end(_ open: Members, _ output: inout ByteBuffer) {
        if !open.inOrder, let last = open.last {
            members.append(last)
            rewrite(from: open.first, &output)
        }
        if members.count > open.first { members.removeLast(members.count - open.first) }
    }

    private mutating func rewrite(from first: Int, _ output: inout ByteBuffer) {
        let start = members[first].start
        sort(from: first, in: output.bytes.span)
        if arrangement == .asGiven { restore(from: first, in: output.bytes.span) }
        scratch.truncate(to: 0)
        if start == 1 {
            // The outermost object: only the brace precedes it, so the two buffers can be swapped.
            scratch.append(JSONText.openObject)
            gather(from: first, output.bytes.span)
            swap(&scratch, &output)
        } else {
            gather(from: first, output.bytes.span)
            output.truncate(to: start)
            output.append(scratch.bytes.span)
        }
    }

    /// Copies the sorted members into `scratch`.
    private mutating func gather(from first: Int, _ text: Span<UInt8>) {
        var isFirst = true
        for index in first..<members.count {
            let member = members[index]
            // Equal keys are sorted by position, and the last one counts.
            if index + 1 < members.count, CanonicalKeys.order(member, members[index + 1], in: text) == nil { continue }
            if !isFirst { scratch.append(JSONText.comma) }
            isFirst = false
            scratch.append(text.extracting(member.start..<member.end))
        }
    }

    /// Puts sorted members back at the first position of their keys; only the last of repeated members stays.
    private mutating func restore(from first: Int, in text: Span<UInt8>) {
        var kept: [(place: Int, member: ObjectMember)] = []
        for member in members[first...] {
            if let last = kept.last, CanonicalKeys.order(last.member, member, in: text) == nil {
                kept[kept.count - 1].member = member
            } else {
                kept.append((member.start, member))
            }
        }
        kept.sort { $0.place < $1.place }
        members.replaceSubrange(first..., with: kept.map(\.member))
    }

    /// Frees the memory that one unusually large object needed.
    mutating func shrink(to bytes: Int) {
        scratch.shrink(to: bytes)
        if members.capacity * MemoryLayout<ObjectMember>.stride > bytes { members = [] }
    }

    private mutating func sort(from first: Int, in text: Span<UInt8>) {
        members[first...].sort { a, b in CanonicalKeys.order(a, b, in: text) ?? (a.start < b.start) }
    }
}
