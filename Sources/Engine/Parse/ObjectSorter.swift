// Puts an object's members into the order of their keys after they have been written (C1.2). Pure. Thread: any.
//
// Members are written where they stand and moved only if their order was wrong: a lot's own text is copied at most
// once a level, and most objects (one member, or keys already in order) cost nothing.

/// A stack of the members of all objects that are open.
struct ObjectSorter: ~Copyable {
    /// Where a member stands in the output: `start` is its key's quote, `keyEnd` is after the closing one.
    struct ObjectMember {
        let start: Int
        let keyEnd: Int
        let end: Int
    }

    /// An open object's part of the stack.
    struct Members {
        fileprivate let first: Int
        /// Most objects have one member, or a few in order: the last one is all that must be known of them.
        fileprivate var last: ObjectMember?
        fileprivate var inOrder = true
    }

    /// How an object's members are arranged.
    enum Order: Sendable {
        case byKey
        /// As a Python `dict` or a JavaScript object keeps them: a repeated key stays where it was first.
        case asGiven
    }

    private let arrangement: Order
    private var members: [ObjectMember] = []
    private var scratch = ByteBuffer()

    init(_ order: Order) { arrangement = order }

    /// Forgets what a writer that gave up has left.
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

    /// Closes the innermost object, whose members are the end of `output`: sorts them, keeps the last of those with
    /// one key.
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
            // The outermost object, of which nothing but the brace stands before: the buffers change places.
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
            // Equal keys are sorted by their place, so the last of them is the one that counts.
            if index + 1 < members.count, CanonicalKeys.order(member, members[index + 1], in: text) == nil { continue }
            if !isFirst { scratch.append(JSONText.comma) }
            isFirst = false
            scratch.append(text.extracting(member.start..<member.end))
        }
    }

    /// Puts sorted members back where their keys were first; of repeated ones only the last is left.
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

    /// Gives back what one unusually large object needed.
    mutating func shrink(to bytes: Int) {
        scratch.shrink(to: bytes)
        if members.capacity * MemoryLayout<ObjectMember>.stride > bytes { members = [] }
    }

    private mutating func sort(from first: Int, in text: Span<UInt8>) {
        members[first...].sort { a, b in CanonicalKeys.order(a, b, in: text) ?? (a.start < b.start) }
    }
}
