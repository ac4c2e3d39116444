// Hosts that do not answer cost little, and nobody else anything (C2.5).
import Foundation
import Testing

@testable import Engine

@Suite("Hosts that do not answer", .timeLimit(.minutes(1)))
struct SilentHostsTests {
    @Test("after so many failures in a row a host is silent; each silence lets one exchange through, and grows")
    func transcript() {
        let max = SilentHosts.failuresMax
        let silence = SilentHosts.silenceSeconds
        var hosts = Transcript()
        for _ in 1..<max { hosts.failed("a", 0) }
        hosts.expect("a", at: 0, silent: false, mayTry: true)
        hosts.failed("a", 0)
        hosts.expect("a", at: silence - 1, silent: true, mayTry: false)
        hosts.expect("b", at: 0, silent: false, mayTry: true)
        // The trial: one goes, the others wait for what becomes of it.
        hosts.expect("a", at: silence, silent: false, mayTry: true)
        hosts.expect("a", at: silence, silent: true, mayTry: false)
        hosts.failed("a", silence + 5)
        hosts.expect("a", at: 3 * silence + 4, silent: true, mayTry: false)
        hosts.expect("a", at: 3 * silence + 5, silent: false, mayTry: true)
        hosts.answered("a")
        hosts.expect("a", at: 3 * silence + 6, silent: false, mayTry: true)
        hosts.expect("a", at: 3 * silence + 6, silent: false, mayTry: true)
    }

    @Test("the silence of a host that stays dead has its bound")
    func longest() {
        var hosts = Transcript()
        for _ in 0..<SilentHosts.failuresMax { hosts.failed("a", 0) }
        var now = 0.0
        for trial in 0..<70 {
            now += min(SilentHosts.silenceSeconds * Double(1 << min(trial, 20)), SilentHosts.silenceSecondsMax)
            hosts.expect("a", at: now - 1, silent: true, mayTry: false)
            hosts.expect("a", at: now, silent: false, mayTry: true)
            hosts.failed("a", now)
        }
    }

    @Test("an answer between failures keeps a host from being taken for dead")
    func answers() {
        var hosts = Transcript()
        for _ in 0..<10 {
            for _ in 1..<SilentHosts.failuresMax { hosts.failed("a", 0) }
            hosts.expect("a", at: 0, silent: false, mayTry: true)
            hosts.answered("a")
        }
    }

    @Test("a job's images on a dead host are done with after a few, and another host's are all looked at")
    func images() async throws {
        let dead = TinyServer { $0.waitForClose() }
        let good = TinyServer { connection in
            while connection.readRequest() != nil {
                connection.write("HTTP/1.1 206 Partial\r\nContent-Length: 3\r\nContent-Range: bytes 0-2/9\r\n\r\n")
                connection.write([0xFF, 0xD8, 0xFF])
            }
        }
        try await withClient { loop, client in
            var configuration = ImageFetcherConfiguration()
            configuration.timeoutSeconds = 2
            let fetcher = ImageFetcher(
                http: client, policy: AddressPolicy(allowed: [CIDR(IPAddress(v4: 0x7F00_0001), prefix: 32)]),
                configuration: configuration)
            var missing = 0
            var found = 0
            try await loop.forEach(2000, atMost: 64) { number in
                let isDead = number % 2 == 0
                switch try? await fetcher.check((isDead ? dead.url : good.url) + "/\(number).jpg") {
                case .success: found += isDead ? 0 : 1
                case .failure(.unreachable): missing += isDead ? 1 : 0
                default: break
                }
            }
            #expect(found == 1000)
            #expect(missing == 1000)
        }
        // Those under way when it was found out were up to a job's bound; hardly one came after them.
        #expect((SilentHosts.failuresMax...64 + SilentHosts.failuresMax).contains(dead.connections))
    }

    @Test("webhooks and OpenAI are tried however often they failed")
    func insisting() async throws {
        let dead = TinyServer { $0.waitForClose() }
        try await withClient { _, client in
            for _ in 0..<40 {
                var request = OutboundRequest(url: dead.url)
                request.timeoutSeconds = 0.02
                #expect(await client.failure(request)?.kind == .timedOut)
            }
        }
        #expect(dead.connections == 40)
    }
}

/// Events and expectations, one a line.
private struct Transcript {
    private var hosts = SilentHosts()

    mutating func failed(_ name: String, _ now: Double) { hosts.failed(name, now: now) }
    mutating func answered(_ name: String) { hosts.answered(name) }

    mutating func expect(
        _ name: String, at now: Double, silent: Bool, mayTry: Bool, _ place: SourceLocation = #_sourceLocation
    ) {
        #expect(hosts.isSilent(name, now: now) == silent, sourceLocation: place)
        let mayReally = hosts.mayTry(name, now: now)
        #expect(mayReally == mayTry, sourceLocation: place)
    }
}
