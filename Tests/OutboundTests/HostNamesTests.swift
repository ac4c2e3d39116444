// Look-ups of names: one per name, bounded, and cached; curl never resolves a name itself (C7).
import Foundation
import TestSupport
import Testing

@testable import Engine

/// Look-ups with the test's answers. Thread: the loop's, except for the counts.
private final class Names: Sendable {
    private struct State {
        var waiting: [String: @Sendable ([String]) -> Void] = [:]
        var asked: [String] = []
        var running = 0
        var most = 0
        var loop: Loop?
    }

    private let state = Lock(State())
    /// Answered in a later turn of the loop; other names wait for `answer`.
    private let book: [String: [String]]

    init(_ book: [String: [String]] = [:]) { self.book = book }

    var asked: [String] { state.withLock { $0.asked } }
    var most: Int { state.withLock { $0.most } }

    func lookUp(_ host: String, _ loop: Loop, _ done: @escaping @Sendable ([String]) -> Void) -> Bool {
        state.withLock { state in
            state.asked.append(host)
            state.running += 1
            state.most = max(state.most, state.running)
            state.loop = loop
            state.waiting[host] = done
        }
        if let addresses = book[host] { answer(host, addresses) }
        return true
    }

    func answer(_ host: String, _ addresses: [String]) {
        let (done, loop) = state.withLock { state in
            state.running -= 1
            return (state.waiting.removeValue(forKey: host), state.loop)
        }
        if let done { loop?.post { done(addresses) } }
    }
}

private let answerSeconds = HTTPClientConfiguration().addressSeconds

@Suite("Names of hosts", .timeLimit(.minutes(1)))
struct HostNamesTests {
    private static let loopback = AddressPolicy(allowed: [CIDR(IPAddress(v4: 0x7F00_0001), prefix: 32)])

    private static func configuration(_ names: Names, threads: Int = 16) -> HTTPClientConfiguration {
        var configuration = HTTPClientConfiguration()
        configuration.lookupsMax = threads
        configuration.lookUp = { names.lookUp($0, $1, $2) }
        return configuration
    }

    private static func request(_ url: String, avoids: Bool = true) -> OutboundRequest {
        var request = OutboundRequest(url: url)
        request.addresses = loopback
        request.avoidsSilentHosts = avoids
        request.maxRedirects = 3
        return request
    }

    @Test("concurrent callers share one look-up of a name, and later ones its answer")
    func shared() async throws {
        let names = Names(["cars.example.": ["127.0.0.1"]])
        let server = TinyServer.answering { plain($0.header("host") ?? "") }
        try await withClient(Self.configuration(names)) { loop, client in
            let url = "http://Cars.Example:\(server.port)/"
            var bodies: [String] = []
            let tasks = (0..<50).map { _ in
                loop.spawn {
                    if let answer = try? await client.send(Self.request(url)) {
                        bodies.append(String(decoding: answer.body, as: UTF8.self))
                    }
                }
            }
            #expect(names.asked == ["cars.example"])
            names.answer("cars.example", ["127.0.0.1"])
            for task in tasks { await task.value }
            #expect(bodies == Array(repeating: "Cars.Example:\(server.port)", count: 50))
            _ = try await client.send(Self.request(url))
            _ = try await client.send(Self.request("http://cars.example.:\(server.port)/"))
        }
        #expect(names.asked == ["cars.example", "cars.example."])
    }

    @Test("an unresolvable name costs one look-up instead of one per image; a caller can force another")
    func failure() async throws {
        let names = Names(["gone.example": []])
        try await withClient(Self.configuration(names)) { loop, client in
            for _ in 0..<200 {
                let error = await client.failure(Self.request("http://gone.example/\(Int.random(in: 0..<1000)).jpg"))
                #expect(error?.kind == .resolveFailed && error?.mayHaveArrived == false)
            }
            #expect(names.asked == ["gone.example"])
            _ = await client.failure(Self.request("http://gone.example/", avoids: false))
            #expect(names.asked == ["gone.example", "gone.example"])
        }
    }

    @Test("running look-ups are bounded; known names are answered meanwhile, and all callers in the end")
    func bound() async throws {
        let names = Names(["known.example": ["127.0.0.1"]])
        let server = TinyServer.answering { _ in plain("x") }
        try await withClient(Self.configuration(names, threads: 4)) { loop, client in
            _ = try await client.send(Self.request("http://known.example:\(server.port)/"))
            var failures = 0
            let tasks = (0..<100).map { number in
                loop.spawn {
                    let error = await client.failure(Self.request("http://dead\(number).example/"))
                    if error?.kind == .resolveFailed { failures += 1 }
                }
            }
            #expect(names.asked.count == 1 + 4)
            _ = try await client.send(Self.request("http://known.example:\(server.port)/again"))
            for _ in 0..<100 {
                while names.asked.count - 1 == failures { await loop.yield() }
                names.answer(names.asked[1 + failures], [])
                let before = failures
                while failures == before { await loop.yield() }
            }
            for task in tasks { await task.value }
            #expect(failures == 100)
        }
        #expect(names.most == 4)
    }

    @Test("a cancelled caller is not awaited, and a name without callers is not looked up")
    func withdrawn() async throws {
        let names = Names()
        try await withClient(Self.configuration(names, threads: 1)) { loop, client in
            var ended = 0
            let tasks = ["a.example", "b.example", "c.example"].map { host in
                loop.spawn {
                    _ = await client.failure(Self.request("http://\(host)/"))
                    ended += 1
                }
            }
            tasks[1].cancel()
            await tasks[1].value
            #expect(ended == 1)
            names.answer("a.example", [])
            await tasks[0].value
            names.answer("c.example", [])
            await tasks[2].value
        }
        #expect(names.asked == ["a.example", "c.example"])
    }

    @Test("answers and failures expire")
    func time() async throws {
        let names = Names(["a.example": ["192.0.2.1"], "b.example": []])
        try await onNames(names) { loop, host, clock in
            func ask(_ name: String) async -> HostNames.Resolution {
                let id = ObjectIdentifier(loop)
                var told: [String]?
                let answer = host.look(name, insisting: false, for: id) { told = $0 }
                guard answer == .asked else { return answer }
                while told == nil { await loop.yield() }
                return .asked
            }
            #expect(await ask("a.example") == .asked)
            #expect(await ask("b.example") == .asked)
            clock.withLock { $0 = HostNames.backOff.firstSeconds - 0.1 }
            #expect(await ask("a.example") == .known(["192.0.2.1"]))
            #expect(await ask("b.example") == .failed)
            clock.withLock { $0 = HostNames.backOff.firstSeconds + 0.1 }
            #expect(await ask("b.example") == .asked)
            #expect(await ask("a.example") == .known(["192.0.2.1"]))
            // A second failure in a row is cached twice as long.
            clock.withLock { $0 = 3 * HostNames.backOff.firstSeconds }
            #expect(await ask("b.example") == .failed)
            clock.withLock { $0 = 3 * HostNames.backOff.firstSeconds + 0.2 }
            #expect(await ask("b.example") == .asked)
            clock.withLock { $0 = answerSeconds + 0.1 }
            #expect(await ask("a.example") == .asked)
        }
    }

    @Test("C7: the connected address is checked, for any looked-up name, including redirects")
    func judged() async throws {
        let names = Names([
            "inner.example": ["10.0.0.1"], "both.example": ["127.0.0.2", "127.0.0.1"], "good.example": ["127.0.0.1"],
        ])
        let server = TinyServer.answering { request in
            request.path == "/away"
                ? plain("", status: "302 Found", "Location: http://inner.example/\r\n") : plain("arrived")
        }
        try await withClient(Self.configuration(names)) { _, client in
            let inner = await client.failure(Self.request("http://inner.example:\(server.port)/"))
            #expect(inner?.kind == .forbiddenAddress && inner?.mayHaveArrived == false)
            let both = try await client.send(Self.request("http://both.example:\(server.port)/"))
            #expect(both.address == "127.0.0.1")
            let away = await client.failure(Self.request("http://good.example:\(server.port)/away"))
            #expect(away?.kind == .forbiddenAddress && away?.mayHaveArrived == true)
        }
        #expect(server.connections == 2)
    }

    @Test("addresses, and names below localhost, are not looked up")
    func plainAddresses() {
        for host in ["127.0.0.1", "[::1]", "localhost", "a.localhost"] { #expect(!HostNames.needsLook(host)) }
        for host in ["example.com", "localhost.example", "xn--bcher-kva.example"] { #expect(HostNames.needsLook(host)) }
    }

    @Test("the system's own resolver answers on the loop, and a loop that has ended is not called")
    func system() async throws {
        let found = Lock<[String]?>(nil)
        try await onLoop { loop in
            let isUnderWay = LookupThread.start("localhost", on: loop) { addresses in
                found.withLock { $0 = addresses }
            }
            #expect(isUnderWay)
            while found.withLock({ $0 == nil }) { try await loop.sleep(seconds: 0.001) }
        }
        #expect(found.withLock { $0 }?.contains("127.0.0.1") == true)
    }
}

/// A `HostNames` with the test's own clock.
private func onNames(
    _ names: Names, _ body: @escaping @Sendable (Loop, HostNames, Lock<Double>) async throws -> Void
) async throws {
    try await onLoop { loop in
        let clock = Lock(0.0)
        let host = HostNames(
            on: loop, threadsMax: 2, answerSeconds: answerSeconds, lookUp: { names.lookUp($0, $1, $2) },
            now: { clock.withLock { $0 } })
        try await body(loop, host, clock)
        host.close()
    }
}
