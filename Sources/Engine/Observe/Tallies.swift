// Numbers that one thread counts and any thread reads. Frees: the cells, in deinit.
import Synchronization

/// A row of counters or gauges, initially 0. One thread writes (a loop, or the holder of a lock); any thread reads.
///
/// With a single writer, a relaxed load and a relaxed store are plain machine instructions: counting costs as little
/// as with a private variable. A scrape reads without the writer's thread, which may be stuck.
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

    /// Adds `amount`. Writer's thread.
    public func add(_ amount: Int = 1, at index: Int) {
        precondition(index >= 0 && index < count, "there is no tally with this index")
        cells[index].store(cells[index].load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }

    /// Counts one more. Any thread, but then every writer must call this.
    func addShared(at index: Int) {
        precondition(index >= 0 && index < count, "no such tally")
        cells[index].wrappingAdd(1, ordering: .relaxed)
    }

    /// Writer's thread.
    public func set(_ value: Int, at index: Int) {
        precondition(index >= 0 && index < count, "there is no tally with this index")
        cells[index].store(value, ordering: .relaxed)
    }

    /// Any thread.
    public subscript(index: Int) -> Int {
        precondition(index >= 0 && index < count, "there is no tally with this index")
        return cells[index].load(ordering: .relaxed)
    }
}
