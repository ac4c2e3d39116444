// The turns of the admission queue, as transcripts and on real sockets.
import Foundation
import Testing

@testable import Engine

@Suite("The admission queue of connections", .timeLimit(.minutes(1)))
struct AdmissionTests {
    @Test("a host has its bound, and its waiters are admitted in order")
    func perHost() {
        var admission = Admission<Int>(total: 10, perHost: 2, waitersMax: 10)
        #expect(admission.arrived(1, host: "a") == .go)
        #expect(admission.arrived(2, host: "a") == .go)
        #expect(admission.arrived(3, host: "a") == .wait)
        #expect(admission.arrived(4, host: "a") == .wait)
        #expect(admission.arrived(5, host: "b") == .go)
        #expect(admission.ended(host: "b") == [])
        #expect(admission.ended(host: "a") == [3])
        #expect(admission.ended(host: "a") == [4])
        #expect(admission.ended(host: "a") == [])
        #expect(admission.ended(host: "a") == [])
        #expect(admission.waiting == 0)
    }

    @Test("C6.3: a full host's waiters do not delay another host, and hosts take turns")
    func turns() {
        var admission = Admission<Int>(total: 3, perHost: 2, waitersMax: 100)
        #expect((1...2).allSatisfy { admission.arrived($0, host: "slow") == .go })
        #expect((3...50).allSatisfy { admission.arrived($0, host: "slow") == .wait })
        #expect(admission.arrived(60, host: "b") == .go)
        #expect(admission.arrived(61, host: "b") == .wait)
        #expect(admission.arrived(70, host: "c") == .wait)
        #expect(admission.ended(host: "b") == [61])
        #expect(admission.ended(host: "b") == [70])
        #expect(admission.ended(host: "c") == [])
        #expect(admission.ended(host: "slow") == [3])
    }

    @Test("a cancelled waiter is not admitted, and the queue is bounded")
    func withdrawal() {
        var admission = Admission<Int>(total: 1, perHost: 1, waitersMax: 2)
        #expect(admission.arrived(1, host: "a") == .go)
        #expect(admission.arrived(2, host: "a") == .wait)
        #expect(admission.arrived(3, host: "b") == .wait)
        #expect(admission.arrived(4, host: "c") == .refused)
        admission.withdrew(3, host: "b")
        admission.withdrew(3, host: "b")
        #expect(admission.arrived(5, host: "c") == .wait)
        // Host a has had its turn, so c goes first.
        #expect(admission.ended(host: "a") == [5])
        #expect(admission.ended(host: "c") == [2])
        #expect(admission.ended(host: "a") == [])
        #expect(admission.waiting == 0)
    }

    @Test("any order of events keeps the bounds and loses no waiter")
    func random() {
        var seed = SplitMix(state: 4711)
        for _ in 0..<50 {
            var admission = Admission<Int>(total: 5, perHost: 2, waitersMax: 1000)
            var running: [Int: String] = [:]
            var waiting: [Int: String] = [:]
            for id in 0..<400 {
                let host = "h\(Int.random(in: 0..<6, using: &seed))"
                switch Int.random(in: 0..<5, using: &seed) {
                case 0...2:
                    if admission.arrived(id, host: host) == .go { running[id] = host } else { waiting[id] = host }
                case 3:
                    if let (id, host) = running.randomElement(using: &seed) {
                        running[id] = nil
                        for next in admission.ended(host: host) { running[next] = waiting.removeValue(forKey: next) }
                    }
                default:
                    if let (id, host) = waiting.randomElement(using: &seed) {
                        waiting[id] = nil
                        admission.withdrew(id, host: host)
                    }
                }
                let counts = Dictionary(grouping: running.values) { $0 }.mapValues(\.count)
                #expect(
                    running.count <= 5 && counts.values.allSatisfy { $0 <= 2 } && admission.waiting == waiting.count)
            }
            while let (id, host) = running.first {
                running[id] = nil
                for next in admission.ended(host: host) { running[next] = waiting.removeValue(forKey: next) }
            }
            #expect(waiting.isEmpty)
        }
    }

    @Test("the bounds hold on real sockets, and all requests are answered")
    func observed() async throws {
        var configuration = HTTPClientConfiguration()
        configuration.connectionsPerHost = 4
        let server = TinyServer.answering { request in
            usleep(1000)
            return plain(request.path)
        }
        let configured = configuration
        try await withClient(configured) { loop, client in
            var answers = 0
            let tasks = (0..<100).map { number in
                loop.spawn { if (try? await client.text(server.url + "/\(number)")) == "/\(number)" { answers += 1 } }
            }
            for task in tasks { await task.value }
            #expect(answers == 100)
        }
        #expect(server.connections == 4)
    }

    @Test("C6.3: a receiver that never answers delays no other")
    func slowReceiver() async throws {
        var configuration = HTTPClientConfiguration()
        configuration.connectionsPerHost = 2
        configuration.totalConnections = 4
        let slow = TinyServer { $0.waitForClose() }
        let quick = TinyServer.answering { plain($0.path) }
        let configured = configuration
        try await withClient(configured) { loop, client in
            let stuck = (0..<50).map { _ in loop.spawn { _ = await client.failure(OutboundRequest(url: slow.url)) } }
            for number in 0..<20 {
                let text = try await client.text(quick.url + "/\(number)")
                #expect(text == "/\(number)")
            }
            for task in stuck { task.cancel() }
            for task in stuck { await task.value }
        }
    }

    @Test("the wait for a place has its own bound if requested")
    func queueTime() async throws {
        var configuration = HTTPClientConfiguration()
        configuration.connectionsPerHost = 1
        let server = TinyServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.waitForClose()
        }
        let configured = configuration
        try await withClient(configured) { loop, client in
            let stuck = loop.spawn { _ = await client.failure(OutboundRequest(url: server.url)) }
            var request = OutboundRequest(url: server.url)
            request.queueSeconds = 0.05
            let error = await client.failure(request)
            #expect(error?.kind == .timedOut && error?.mayHaveArrived == false)
            // The place becomes free during this wait: from then on the exchange's own time limit counts.
            request.queueSeconds = 3600
            request.timeoutSeconds = 1  // also for the connection and the request
            let second = request
            var late: OutboundError?
            let waiting = loop.spawn { late = await client.failure(second) }
            stuck.cancel()
            await waiting.value
            await stuck.value
            #expect(late?.kind == .timedOut && late?.mayHaveArrived == true)
        }
    }
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
