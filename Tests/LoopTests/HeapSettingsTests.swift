// Reuse of freed memory.
import Engine
import Glibc
import TestSupport
import Testing

@Suite("The heaps", .timeLimit(.minutes(1)))
struct HeapSettingsTests {
    /// Page faults of this thread so far.
    private static func pagesGot() -> Int {
        var usage = rusage()
        getrusage(1, &usage)  // RUSAGE_THREAD, which only GNU C names
        return usage.ru_minflt
    }

    @Test("freed buffers are reused, without page faults for the next ones")
    func kept() async throws {
        try await onLoop { _ in
            let before = Self.pagesGot()
            var sum = 0
            for round in 0..<200 {
                let buffers = (0..<8).map { [UInt8](repeating: UInt8($0), count: 100_000) }
                sum += Int(buffers[round % 8][Int.random(in: 0..<100_000)])
            }
            #expect(sum == 25 * (0..<8).reduce(0, +))
            // The buffers of a round have about 200 pages.
            #expect(Self.pagesGot() - before < 20 * 200)
        }
    }
}
