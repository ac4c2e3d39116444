// The pool's machine and the back-off, without a socket or a clock.
import Testing

@testable import Engine

@Suite("The pool's machine, as transcripts")
struct PoolMachineTests {
    typealias Pool = PoolMachine
    static let gone = DatabaseError(.unavailable, "gone")

    /// One shared connection (0) and two exclusive ones (1, 2), all connecting.
    func started(waitersMax: Int = 10) -> Pool {
        var pool = Pool(.init(shared: 1, exclusive: 2, waitersMax: waitersMax))
        #expect(pool.start() == (0...2).map { .connect(place: $0, rotation: 0) })
        #expect(pool.start() == [])
        return pool
    }

    func up() -> Pool {
        var pool = started()
        for place in 0...2 { #expect(pool.connected(place, now: 0) == []) }
        return pool
    }

    @Test("callers wait for the first attempt and are served in order")
    func firstAttempt() {
        var pool = started()
        #expect(!pool.isAvailable)
        #expect(pool.acquire(1, .exclusive) == .queued)
        #expect(pool.acquire(2, .shared) == .queued)
        #expect(pool.acquire(3, .shared) == .queued)
        #expect(
            pool.connected(0, now: 0) == [
                .grant(waiter: 2, .init(place: 0, epoch: 0)), .grant(waiter: 3, .init(place: 0, epoch: 0)),
            ])
        #expect(pool.connected(2, now: 0) == [.grant(waiter: 1, .init(place: 2, epoch: 0))])
        #expect(pool.isAvailable && pool.waiting == 0)
    }

    @Test("after all first attempts have failed, waiting callers are refused, and later ones at once")
    func refusal() {
        var pool = started()
        #expect(pool.acquire(1, .exclusive) == .queued)
        #expect(pool.ended(1, Self.gone, .broken, now: 0, jitter: 0) == [.pause(place: 1, seconds: 0.05)])
        #expect(
            pool.ended(2, Self.gone, .broken, now: 0, jitter: 0)
                == [.pause(place: 2, seconds: 0.05), .refuse(waiter: 1, .unavailable("gone"))])
        #expect(pool.acquire(2, .exclusive) == .refused(.unavailable("gone")))
        // Callers do not wait for later attempts.
        #expect(pool.pauseEnded(1) == [.connect(place: 1, rotation: 0)])
        #expect(pool.acquire(3, .exclusive) == .refused(.unavailable("gone")))
        // A success makes the others retry at once.
        #expect(pool.connected(1, now: 9) == [.connect(place: 2, rotation: 0)])
    }

    @Test("pauses double up to five seconds; a silent host moves to the end of the list")
    func backOff() {
        var pool = started()
        var pauses: [Double] = []
        for attempt in 1...9 {
            let cause = attempt < 3 ? ConnectionEnd.silent : .broken
            guard case .pause(0, let seconds) = pool.ended(0, Self.gone, cause, now: 0, jitter: 1).first else {
                Issue.record("no pause")
                return
            }
            pauses.append(seconds)
            #expect(pool.pauseEnded(0) == [.connect(place: 0, rotation: min(attempt, 2))])
        }
        #expect(pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5])
    }

    @Test("after a silent server callers do not wait for the next connection, and another host goes first")
    func silence() {
        var pool = up()
        #expect(pool.ended(1, Self.gone, .silent, now: 100, jitter: 0) == [.pause(place: 1, seconds: 0.05)])
        #expect(pool.pauseEnded(1) == [.connect(place: 1, rotation: 1)])
    }

    @Test("a proven or dropped connection is remade at once, one that keeps failing with pauses")
    func losses() {
        var pool = up()
        #expect(pool.ended(1, Self.gone, .broken, now: 100, jitter: 0) == [.connect(place: 1, rotation: 0)])
        #expect(pool.connected(1, now: 100) == [])
        #expect(pool.ended(1, Self.gone, .dropped, now: 101, jitter: 0) == [.connect(place: 1, rotation: 0)])
        #expect(pool.connected(1, now: 101) == [])
        #expect(pool.ended(1, Self.gone, .broken, now: 101, jitter: 0) == [.pause(place: 1, seconds: 0.05)])
        #expect(pool.pauseEnded(1) == [.connect(place: 1, rotation: 0)])
        #expect(pool.connected(1, now: 102) == [])
        #expect(pool.ended(1, Self.gone, .broken, now: 102, jitter: 0) == [.pause(place: 1, seconds: 0.1)])
        #expect(pool.connected(2, now: 102) == [])
    }

    @Test("an exclusive connection serves one caller at a time; a lease of a lost connection is invalid")
    func leases() {
        var pool = up()
        let first = Pool.PoolLease(place: 1, epoch: 0), second = Pool.PoolLease(place: 2, epoch: 0)
        #expect(pool.acquire(1, .exclusive) == .granted(first))
        #expect(pool.acquire(2, .exclusive) == .granted(second))
        #expect(pool.acquire(3, .exclusive) == .queued)
        #expect(pool.acquire(4, .exclusive) == .queued)
        pool.gaveUp(3)
        #expect(pool.release(second) == [.grant(waiter: 4, second)])
        #expect(pool.ended(1, Self.gone, .broken, now: 9, jitter: 0) == [.connect(place: 1, rotation: 0)])
        #expect(pool.connected(1, now: 9) == [])
        #expect(pool.acquire(5, .exclusive) == .granted(.init(place: 1, epoch: 1)))
        #expect(pool.release(first) == [])
        #expect(pool.acquire(6, .exclusive) == .queued)
    }

    @Test("waiting and sharing are bounded")
    func bounds() {
        var pool = started(waitersMax: 2)
        for place in 0...2 { #expect(pool.connected(place, now: 0) == []) }
        let busy = Pool.Acquired.refused(DatabaseError(.busy, "too many calls wait for the database"))
        let shared = Pool.PoolLease(place: 0, epoch: 0)
        #expect(pool.acquire(1, .shared) == .granted(shared) && pool.acquire(2, .shared) == .granted(shared))
        #expect(pool.acquire(3, .shared) == busy)
        #expect(pool.release(shared) == [])
        #expect(pool.acquire(4, .shared) == .granted(shared))
        for waiter in 5...6 { _ = pool.acquire(waiter, .exclusive) }
        #expect(pool.acquire(7, .exclusive) == .queued && pool.acquire(8, .exclusive) == .queued)
        #expect(pool.acquire(9, .exclusive) == busy)
    }

    @Test("the least loaded shared connection is taken")
    func balance() {
        var pool = Pool(.init(shared: 2, exclusive: 0, waitersMax: 9))
        _ = pool.start()
        for place in 0...1 { _ = pool.connected(place, now: 0) }
        let places = (1...4).map { waiter -> Int in
            guard case .granted(let lease) = pool.acquire(waiter, .shared) else { return -1 }
            return lease.place
        }
        #expect(places == [0, 1, 0, 1])
    }

    @Test("closing refuses waiting callers, drops open connections, and starts no new ones")
    func closing() {
        var pool = up()
        _ = pool.acquire(1, .exclusive)
        _ = pool.acquire(2, .exclusive)
        _ = pool.acquire(3, .exclusive)
        _ = pool.ended(0, Self.gone, .broken, now: 0, jitter: 0)
        _ = pool.ended(0, Self.gone, .broken, now: 0, jitter: 0)
        let closed = DatabaseError.unavailable("the pool is closed")
        #expect(pool.close() == [.refuse(waiter: 3, closed), .drop(place: 0), .drop(place: 1), .drop(place: 2)])
        #expect(pool.close() == [] && pool.pauseEnded(0) == [] && pool.start() == [])
        #expect(pool.ended(1, Self.gone, .dropped, now: 0, jitter: 0) == [])
        #expect(pool.acquire(4, .shared) == .refused(closed))
    }
}
