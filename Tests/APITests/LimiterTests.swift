// Rates, and whose they are.
import Engine
import Testing

@testable import Server

@Suite("Rate limits", .timeLimit(.minutes(1)))
struct LimiterTests {
    /// Milliseconds that a test turns.
    final class Hands: Sendable {
        let time = Lock<UInt64>(1_000_000)
        var now: UInt64 { time.withLock { $0 } }
        func turn(_ milliseconds: UInt64) { time.withLock { $0 += milliseconds } }
    }

    private func limiter(_ hands: Hands, batch: Int = 3, clientsMax: Int = 10) -> RateLimiter {
        var limits = RateLimits()
        limits.batch = batch
        return RateLimiter(limits: limits, clientsMax: clientsMax, now: { hands.now })
    }

    private func isAdmitted(_ verdict: RateVerdict) -> Bool {
        if case .admitted = verdict { true } else { false }
    }

    @Test("C3.1: never more than N in any 60 seconds, over a long run")
    func exact() {
        let hands = Hands()
        let limiter = limiter(hands)
        var admitted: [UInt64] = []
        for step in 0..<2000 {
            hands.turn(UInt64(step * 7919 % 9000))
            if isAdmitted(limiter.admit("a", .batch)) { admitted.append(hands.now) }
        }
        for (index, time) in admitted.enumerated() where index >= 3 {
            #expect(time - admitted[index - 3] > 60_000)
        }
        #expect(admitted.count > 100)
    }

    @Test("C3.1: refused requests do not count; the headers tell when to come back")
    func refusal() {
        let hands = Hands()
        let limiter = limiter(hands, batch: 1)
        #expect(
            limiter.admit("a", .batch) == .admitted(RateStanding(limit: 1, remaining: 0, resetSeconds: 61)))
        hands.turn(59_000)
        for _ in 0..<5 { #expect(!isAdmitted(limiter.admit("a", .batch))) }
        #expect(limiter.admit("a", .batch) == .refused(RateStanding(limit: 1, remaining: 0, resetSeconds: 2)))
        hands.turn(1001)
        #expect(isAdmitted(limiter.admit("a", .batch)))
    }

    @Test("C3: classes and clients count apart; looking costs nothing; 0 turns a class off")
    func apart() {
        let hands = Hands()
        let limiter = limiter(hands, batch: 1)
        for _ in 0..<3 { #expect(isAdmitted(limiter.look("a", .batch))) }
        #expect(isAdmitted(limiter.admit("a", .batch)))
        #expect(isAdmitted(limiter.admit("a", .poll)))
        #expect(isAdmitted(limiter.admit("b", .batch)))
        #expect(!isAdmitted(limiter.look("a", .batch)))
        var off = RateLimits()
        off.poll = 0
        #expect(RateLimiter(limits: off).admit("a", .poll) == .off)
    }

    @Test("memory is bounded: newcomers wait until somebody's minute is over")
    func bounded() {
        let hands = Hands()
        let limiter = limiter(hands, clientsMax: 2)
        #expect(isAdmitted(limiter.admit("a", .poll)) && isAdmitted(limiter.admit("b", .poll)))
        #expect(!isAdmitted(limiter.admit("c", .poll)))
        hands.turn(61_000)
        #expect(isAdmitted(limiter.admit("c", .poll)))
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
        "C3.1: the right-most forwarded address that is not trusted, else X-Real-IP",
        arguments: [
            Case(remote: "203.0.113.9", forwarded: ["1.2.3.4"], realIP: "5.6.7.8", client: "203.0.113.9"),
            Case(remote: "127.0.0.1", forwarded: ["1.2.3.4"], realIP: nil, client: "1.2.3.4"),
            Case(remote: "127.0.0.1", forwarded: ["6.6.6.6, 1.2.3.4"], realIP: nil, client: "1.2.3.4"),
            Case(remote: "127.0.0.1", forwarded: ["6.6.6.6", "1.2.3.4, 10.1.1.1"], realIP: nil, client: "1.2.3.4"),
            Case(remote: "10.9.9.9", forwarded: ["1.2.3.4:5555"], realIP: nil, client: "1.2.3.4"),
            Case(remote: "127.0.0.1", forwarded: ["[2001:db8::1]:80"], realIP: nil, client: "2001:db8::1"),
            Case(remote: "127.0.0.1", forwarded: [], realIP: "5.6.7.8", client: "5.6.7.8"),
            Case(remote: "127.0.0.1", forwarded: ["10.1.1.1"], realIP: "5.6.7.8", client: "5.6.7.8"),
            Case(remote: "127.0.0.1", forwarded: [], realIP: nil, client: "127.0.0.1"),
            Case(remote: "127.0.0.1", forwarded: ["6.6.6.6, unknown"], realIP: nil, client: "127.0.0.1"),
            Case(remote: "::ffff:127.0.0.1", forwarded: ["1.2.3.4"], realIP: nil, client: "1.2.3.4"),
        ])
    func address(of example: Case) throws {
        let trusted = [try CIDR(parsing: "127.0.0.0/8"), try CIDR(parsing: "10.0.0.0/8")]
        let client = ClientAddress.of(
            remote: example.remote, forwarded: example.forwarded, realIP: example.realIP, trusted: trusted)
        #expect(client == example.client)
    }
}
