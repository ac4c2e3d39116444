// Puts an object's members into the order of their keys after they have been written (C1.2). Pure. Thread: any.
//
// Members are written where they stand and moved only if their order was wrong: a lot's own text is copied at most
// once a level, and most objects (one member, or keys already in order) cost nothing.

/// A stack of the members of all objects that are open.
struct ObjectSorter {
    /// Where a member stands in the output: `start` is its key's quote, `keyEnd` is after the closing one.
    struct Member {
        let start: Int
        let keyEnd: Int
        let end: Int
    }

    private struct Frame {
        let first: Int
        var inOrder = true
    }

    /// How an object's members are arranged.
    enum Order: Sendable {
        case byKey
        /// As a Python `dict` or a JavaScript object keeps them: a repeated key stays where it was first.
        case asGiven
    }

    private let arrangement: Order
    private var members: [Member] = []
    private var frames: [Frame] = []
    private var scratch: [UInt8] = []

    init(_ order: Order) { arrangement = order }

    mutating func begin() { frames.append(Frame(first: members.count)) }

    mutating func add(_ member: Member, in text: Span<UInt8>) {
        let top = frames.count - 1
        if frames[top].inOrder, members.count > frames[top].first {
            frames[top].inOrder = CanonicalKeys.precedes(members[members.count - 1], member, in: text)
        }
        members.append(member)
    }

    /// Closes the innermost object, whose members are the end of `output`: sorts them, keeps the last of those with
    /// one key.
    mutating func end(_ output: inout OutputSpan<UInt8>) {
        let frame = frames.removeLast()
        guard members.count > frame.first else { return }
        if !frame.inOrder { rewrite(from: frame.first, &output) }
        members.removeLast(members.count - frame.first)
    }

    private mutating func rewrite(from first: Int, _ output: inout OutputSpan<UInt8>) {
        let start = members[first].start
        sort(from: first, in: output.span)
        if arrangement == .asGiven { restore(from: first, in: output.span) }
        gather(from: first, output.span)
        output.removeLast(output.count - start)
        output.append(scratch.span)
    }

    /// Copies the sorted members into `scratch`.
    private mutating func gather(from first: Int, _ text: Span<UInt8>) {
        scratch.removeAll(keepingCapacity: true)
        for index in first..<members.count {
            let member = members[index]
            // Equal keys are sorted by their place, so the last of them is the one that counts.
            if index + 1 < members.count, CanonicalKeys.order(member, members[index + 1], in: text) == nil { continue }
            if !scratch.isEmpty { scratch.append(JSONText.comma) }
            scratch.append(text, member.start..<member.end)
        }
    }

    /// Puts sorted members back where their keys were first; of repeated ones only the last is left.
    private mutating func restore(from first: Int, in text: Span<UInt8>) {
        var kept: [(place: Int, member: Member)] = []
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
        if scratch.capacity > bytes { scratch = [] }
        if members.capacity * MemoryLayout<Member>.stride > bytes { members = [] }
    }

    private mutating func sort(from first: Int, in text: Span<UInt8>) {
        members[first...].sort { a, b in CanonicalKeys.order(a, b, in: text) ?? (a.start < b.start) }
    }
}
