// Hosts that do not answer cost little, and do not affect others (C2.5).
import Foundation
import Testing

@testable import Engine

@Suite("Hosts that do not answer", .timeLimit(.minutes(1)))
struct SilentHostsTests {
    @Test("after several failures in a row a host is silent; each silence ends with one trial, and grows")
    func transcript() {
        let max = SilentHosts.failuresMax
        let silence = SilentHosts.backOff.firstSeconds
        var hosts = Transcript()
        for _ in 1..<max { hosts.failed("a", 0) }
        hosts.expect("a", at: 0, silent: false, mayTry: true)
        hosts.failed("a", 0)
        hosts.expect("a", at: silence - 1, silent: true, mayTry: false)
        hosts.expect("b", at: 0, silent: false, mayTry: true)
        // The trial: one exchange goes, the others wait for its outcome.
        hosts.expect("a", at: silence, silent: false, mayTry: true)
        hosts.expect("a", at: silence, silent: true, mayTry: false)
        hosts.failed("a", silence + 5)
        hosts.expect("a", at: 3 * silence + 4, silent: true, mayTry: false)
        hosts.expect("a", at: 3 * silence + 5, silent: false, mayTry: true)
        hosts.answered("a")
        hosts.expect("a", at: 3 * silence + 6, silent: false, mayTry: true)
        hosts.expect("a", at: 3 * silence + 6, silent: false, mayTry: true)
    }

    @Test("the silence of a dead host is bounded")
    func longest() {
        var hosts = Transcript()
        for _ in 0..<SilentHosts.failuresMax { hosts.failed("a", 0) }
        var now = 0.0
        for trial in 0..<70 {
            now += min(SilentHosts.backOff.firstSeconds * Double(1 << min(trial, 20)), SilentHosts.backOff.mostSeconds)
            hosts.expect("a", at: now - 1, silent: true, mayTry: false)
            hosts.expect("a", at: now, silent: false, mayTry: true)
            hosts.failed("a", now)
        }
    }

    @Test("an answer between failures resets a host's failures")
    func answers() {
        var hosts = Transcript()
        for _ in 0..<10 {
            for _ in 1..<SilentHosts.failuresMax { hosts.failed("a", 0) }
            hosts.expect("a", at: 0, silent: false, mayTry: true)
            hosts.answered("a")
        }
    }

    @Test("a job's images on a dead host fail after a few attempts, and another host's are all checked")
    func images() async throws {
        let dead = TinyServer { $0.waitForClose() }
        let good = TinyServer { connection in
            while connection.readRequest() != nil {
                connection.write("HTTP/1.1 206 Partial\r\nContent-Length: 3\r\nContent-Range: bytes 0-2/9\r\n\r\n")
                connection.write([0xFF, 0xD8, 0xFF])
            }
        }
        try await withClient { loop, client in
            let hasty = Self.fetcher(client, seconds: 0.2)
            let patient = Self.fetcher(client, seconds: 60)
            var missing = 0
            var found = 0
            try await loop.forEach(2000, atMost: 64) { number in
                if number % 2 == 0 {
                    let answer = try? await hasty.check(dead.url + "/\(number).jpg")
                    if case .failure(.unreachable)? = answer { missing += 1 }
                } else if case .success? = try? await patient.check(good.url + "/\(number).jpg") {
                    found += 1
                }
            }
            #expect(found == 1000)
            #expect(missing == 1000)
        }
        // Up to a job's bound were under way at the detection; hardly any came later.
        #expect(dead.connections <= 64 + SilentHosts.failuresMax)
    }

    private static func fetcher(_ client: HTTPClient, seconds: Double) -> ImageFetcher {
        var configuration = ImageFetcherConfiguration()
        (configuration.timeoutSeconds, configuration.connectSeconds) = (seconds, seconds)
        let policy = AddressPolicy(allowed: [CIDR(IPAddress(v4: 0x7F00_0001), prefix: 32)])
        return ImageFetcher(http: client, policy: policy, configuration: configuration)
    }

    @Test("webhooks and OpenAI are tried after any number of failures, and an answer to them ends the silence")
    func insisting() async throws {
        let isDead = Lock(true)
        let server = TinyServer { connection in
            while connection.readRequest() != nil {
                if isDead.withLock({ $0 }) { return connection.waitForClose() }
                connection.write(plain("here"))
            }
        }
        try await withClient { _, client in
            var image = OutboundRequest(url: server.url)
            image.avoidsSilentHosts = true
            image.timeoutSeconds = 0.02
            for _ in 0..<SilentHosts.failuresMax { #expect(await client.failure(image)?.kind == .timedOut) }
            image.timeoutSeconds = 30
            #expect(await client.failure(image)?.kind == .connectFailed)
            var webhook = OutboundRequest(url: server.url)
            webhook.timeoutSeconds = 0.02
            #expect(await client.failure(webhook)?.kind == .timedOut)
            isDead.withLock { $0 = false }
            webhook.timeoutSeconds = 30
            let told = try await client.send(webhook)
            #expect(told.status == 200)
            let seen = try await client.send(image)
            #expect(seen.status == 200)
        }
    }
}

/// Events and expectations, one per line.
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
