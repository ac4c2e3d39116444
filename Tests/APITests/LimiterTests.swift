// Rates with a clock that the test moves. RateTests has the edge of the minute over real sockets.
import Engine
import Testing

@testable import Server

@Suite("Rate limits", .timeLimit(.minutes(1)))
struct LimiterTests {
    /// Milliseconds, moved by a test.
    final class Hands: Sendable {
        let time = Lock<UInt64>(1_000_000)
        var now: UInt64 { time.withLock { $0 } }
        func turn(_ milliseconds: UInt64) { time.withLock { $0 += milliseconds } }
    }

    private let hands = Hands()

    private func limiter(batch: Int = 3, clientsMax: Int = 10, timesMax: Int = 10_000) -> RateLimiter {
        var limits = RateLimits()
        limits.batch = batch
        return RateLimiter(limits: limits, clientsMax: clientsMax, timesMax: timesMax, now: { [hands] in hands.now })
    }

    private func client(_ number: Int) -> IPAddress { IPAddress(v4: UInt32(number)) }

    private func isAdmitted(_ verdict: RateVerdict) -> Bool {
        if case .admitted = verdict { true } else { false }
    }

    @Test("C3.1: request N passes, N+1 in the same 60 seconds fails, the next one after them passes, to the ms")
    func edge() {
        let limiter = limiter()
        #expect(isAdmitted(limiter.admit(client(1), .batch)))
        hands.turn(59_999)
        #expect(isAdmitted(limiter.admit(client(1), .batch)) && isAdmitted(limiter.admit(client(1), .batch)))
        #expect(!isAdmitted(limiter.admit(client(1), .batch)))
        hands.turn(1)  // 60,000 ms after the first: still within one minute
        #expect(!isAdmitted(limiter.admit(client(1), .batch)))
        hands.turn(1)
        #expect(isAdmitted(limiter.admit(client(1), .batch)))
        #expect(!isAdmitted(limiter.admit(client(1), .batch)))
    }

    @Test("C3.1: never more than N in any 60 seconds, over a long run")
    func exact() {
        let limiter = limiter()
        var admitted: [UInt64] = []
        for step in 0..<2000 {
            hands.turn(UInt64(step * 7919 % 9000))
            if isAdmitted(limiter.admit(client(1), .batch)) { admitted.append(hands.now) }
        }
        for (index, time) in admitted.enumerated() where index >= 3 {
            #expect(time - admitted[index - 3] > 60_000)
        }
        #expect(admitted.count > 100)
    }

    @Test("C3.1: refused requests do not count; a request after Retry-After passes")
    func refusal() {
        let limiter = limiter(batch: 1)
        #expect(
            limiter.admit(client(1), .batch) == .admitted(RateStanding(limit: 1, remaining: 0, resetSeconds: 61)))
        hands.turn(59_000)
        for _ in 0..<5 { #expect(!isAdmitted(limiter.admit(client(1), .batch))) }
        #expect(
            limiter.admit(client(1), .batch) == .refused(RateStanding(limit: 1, remaining: 0, resetSeconds: 2)))
        hands.turn(2000)
        #expect(isAdmitted(limiter.admit(client(1), .batch)))
    }

    @Test("C3: each class and client has its own count; a look does not count; 0 turns a class off")
    func apart() {
        let limiter = limiter(batch: 1)
        for _ in 0..<3 { #expect(isAdmitted(limiter.look(client(1), .batch))) }
        #expect(isAdmitted(limiter.admit(client(1), .batch)))
        #expect(isAdmitted(limiter.admit(client(1), .poll)))
        #expect(isAdmitted(limiter.admit(client(2), .batch)))
        #expect(isAdmitted(limiter.admit(IPAddress(v6: 0, 1), .batch)))
        #expect(!isAdmitted(limiter.look(client(1), .batch)))
        var off = RateLimits()
        off.poll = 0
        #expect(RateLimiter(limits: off).admit(client(1), .poll) == .off)
    }

    @Test("memory is bounded: the client idle for longest is forgotten, and new clients are admitted")
    func clients() {
        let limiter = limiter(batch: 1, clientsMax: 3)
        for number in 1...3 { #expect(isAdmitted(limiter.admit(client(number), .batch))) }
        hands.turn(1)
        #expect(!isAdmitted(limiter.look(client(1), .batch)))  // seen again: 2 is now the oldest
        for number in 4...1000 {
            #expect(isAdmitted(limiter.admit(client(number), .batch)), "a new client is admitted")
            #expect(!isAdmitted(limiter.admit(client(1), .batch)), "an active client is remembered")
            #expect(limiter.held.clients == 3)
        }
        #expect(isAdmitted(limiter.admit(client(2), .batch)))
    }

    @Test("memory is bounded: requests remembered over all clients; expired ones are freed")
    func times() {
        let limiter = limiter(batch: 1000, clientsMax: 1000, timesMax: 5000)
        for number in 1...20 {
            for _ in 0..<1000 { #expect(isAdmitted(limiter.admit(client(number), .batch))) }
            #expect(limiter.held.times <= 5000)
            #expect(!isAdmitted(limiter.admit(client(number), .batch)))
        }
        #expect(limiter.held.clients == 5)
        hands.turn(60_001)
        for number in 100...110 { #expect(isAdmitted(limiter.admit(client(number), .poll))) }
        #expect(limiter.held.clients == 11)
        #expect(limiter.held.times == 11 * 8)
    }

    @Test("a client that returns after months starts at zero: its old times do not count as fresh")
    func wrapping() {
        let limiter = limiter(batch: 1)
        #expect(isAdmitted(limiter.admit(client(1), .batch)))
        hands.turn(1 << 32)
        #expect(isAdmitted(limiter.look(client(1), .batch)))
        #expect(isAdmitted(limiter.admit(client(1), .batch)))
        // The same if it was active all the time, but in another class.
        for _ in 0..<9000 {
            hands.turn(500_000)
            #expect(isAdmitted(limiter.admit(client(1), .poll)))
        }
        #expect(isAdmitted(limiter.admit(client(1), .batch)))
    }
}

@Suite("Client address", .timeLimit(.minutes(1)))
struct ClientAddressTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var remote: String
        var forwarded: [String]
        var realIP: String?
        var client: String
        var testDescription: String { "\(remote) \(forwarded) \(realIP ?? "-")" }
    }

    @Test(
        "C3.1: the right-most untrusted forwarded address, else X-Real-IP",
        arguments: [
            Case(remote: "203.0.113.9", forwarded: ["1.2.3.4"], realIP: "5.6.7.8", client: "203.0.113.9"),
            Case(remote: "127.0.0.1", forwarded: ["1.2.3.4"], realIP: nil, client: "1.2.3.4"),
            Case(remote: "127.0.0.1", forwarded: ["6.6.6.6, 1.2.3.4"], realIP: nil, client: "1.2.3.4"),
            Case(remote: "127.0.0.1", forwarded: ["6.6.6.6", "1.2.3.4, 10.1.1.1"], realIP: nil, client: "1.2.3.4"),
            Case(remote: "10.9.9.9", forwarded: ["1.2.3.4:5555"], realIP: nil, client: "1.2.3.4"),
            Case(remote: "127.0.0.1", forwarded: ["[2001:db8::1]:80"], realIP: nil, client: "2001:db8::1"),
            Case(remote: "127.0.0.1", forwarded: ["::ffff:1.2.3.4"], realIP: nil, client: "1.2.3.4"),
            Case(remote: "127.0.0.1", forwarded: [], realIP: "5.6.7.8", client: "5.6.7.8"),
            Case(remote: "127.0.0.1", forwarded: ["10.1.1.1"], realIP: "5.6.7.8", client: "5.6.7.8"),
            Case(remote: "127.0.0.1", forwarded: ["1.2.3.4"], realIP: "5.6.7.8", client: "1.2.3.4"),
            Case(remote: "127.0.0.1", forwarded: [], realIP: nil, client: "127.0.0.1"),
            Case(remote: "127.0.0.1", forwarded: ["6.6.6.6, unknown"], realIP: nil, client: "127.0.0.1"),
            Case(remote: "::ffff:127.0.0.1", forwarded: ["1.2.3.4"], realIP: nil, client: "1.2.3.4"),
        ])
    func address(of example: Case) throws {
        let trusted = [try CIDR(parsing: "127.0.0.0/8"), try CIDR(parsing: "10.0.0.0/8")]
        let client = ClientAddress.of(
            try #require(IPAddress(example.remote)), forwarded: example.forwarded, realIP: example.realIP,
            trusted: trusted)
        #expect(client.description == example.client)
    }
}
