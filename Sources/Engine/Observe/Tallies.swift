// Numbers that one thread counts and any thread reads. Frees: the cells, in deinit.
import Synchronization

/// A row of counters or gauges, all 0 at first. One thread writes (a loop, or whoever holds a lock); any thread reads.
///
/// With one writer, a relaxed load and a relaxed store are plain machine instructions: counting costs what it costs
/// in a variable of one's own, and a scrape reads without asking the writer's thread, which may be what is stuck.
public final class Tallies: @unchecked Sendable {  // the cells are atomics; the pointer never changes
    public let count: Int
    private let cells: UnsafeMutablePointer<Atomic<Int>>

    public init(_ count: Int) {
        self.count = count
        cells = .allocate(capacity: count)
        for index in 0..<count { (cells + index).initialize(to: Atomic(0)) }
    }

    deinit {
        cells.deinitialize(count: count)
        cells.deallocate()
    }

    /// Counts `amount` more. The writer's thread.
    public func add(_ amount: Int = 1, at index: Int) {
        precondition(index >= 0 && index < count, "no such tally")
        cells[index].store(cells[index].load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }

    /// The writer's thread.
    public func set(_ value: Int, at index: Int) {
        precondition(index >= 0 && index < count, "no such tally")
        cells[index].store(value, ordering: .relaxed)
    }

    /// Any thread.
    public subscript(index: Int) -> Int {
        precondition(index >= 0 && index < count, "no such tally")
        return cells[index].load(ordering: .relaxed)
    }
}
