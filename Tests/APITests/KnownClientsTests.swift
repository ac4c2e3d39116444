// The memory of clients with valid signatures: bounded, shared by all loops, and independent of the order in which
// loops read the clock. Any thread.
import Engine
import TestSupport
import Testing

@testable import Server

@Suite("Clients with valid signatures")
struct KnownClientsTests {
    private static func address(_ number: Int) -> IPAddress { IPAddress(v4: 0x0A00_0000 + UInt32(number)) }

    @Test("a clock reading older than an entry counts the entry as fresh and does not trap")
    func clockGoesBack() {
        let times = Lock<[UInt64]>([100, 99, 98])
        let known = KnownClients(now: { times.withLock { $0.removeFirst() } })
        known.remember(Self.address(1))
        #expect(known.isKnown(Self.address(1)))
        known.remember(Self.address(1))
    }

    @Test("a full table forgets entries older than an hour, and refuses newcomers until then")
    func full() {
        let time = Lock<UInt64>(0)
        let known = KnownClients(now: { time.withLock { $0 } })
        for number in 0..<KnownClients.clientsMax { known.remember(Self.address(number)) }
        known.remember(Self.address(5000))
        #expect(!known.isKnown(Self.address(5000)))
        time.withLock { $0 = KnownClients.keptMilliseconds + 1 }
        known.remember(Self.address(5000))
        #expect(known.isKnown(Self.address(5000)) && !known.isKnown(Self.address(0)))
    }

    @Test("two loops hammer it with 5,000 addresses; each reads a different clock")
    func hammered() async throws {
        // Each call reads a later or an earlier time than the call before, as preempted loops do.
        let ticks = Lock<UInt64>(0)
        let known = KnownClients(now: {
            ticks.withLock { tick in
                tick += 1
                return tick % 2 == 0 ? tick : tick / 2
            }
        })
        @Sendable func hammer(_ loop: Loop) {
            for round in 0..<4 {
                for number in 0..<5000 {
                    known.remember(Self.address(number))
                    _ = known.isKnown(Self.address((number * 7 + round) % 5000))
                }
            }
        }
        async let first: Void = onLoop("first") { hammer($0) }
        async let second: Void = onLoop("second") { hammer($0) }
        _ = try await (first, second)
        #expect(known.isKnown(Self.address(0)))
    }
}
