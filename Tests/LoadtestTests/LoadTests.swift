// The load itself against special servers: counting, the rate, connections that close, answers that end the run.
// Thread: each test has its own loop.
import Engine
import Server
import TestSupport
import Testing

@testable import LoadtestKit

@Suite("Closed and open loops", .timeLimit(.minutes(1)))
struct LoadTests {
    /// Runs `plan` against a server with the answers of `answer`.
    private func outcome(
        _ plan: LoadPlan, host: String = "127.0.0.1", _ answer: @escaping @Sendable (Exchange) async -> Void
    ) async throws -> LoadOutcome {
        try await onLoop { loop in
            let server = try SimulatorServer(on: loop, host: host, port: 0, answer: answer)
            let address = try #require(SocketAddress(host: host, port: server.port))
            let load = RequestLoad(plan, to: address, origin: Monotonic.seconds(), on: loop)
            let result: Result<LoadOutcome, any Error>
            do { result = .success(try await load.run()) } catch { result = .failure(error) }
            await server.close()
            return try result.get()
        }
    }

    private func plan(count: Int, connections: Int = 1) -> LoadPlan {
        var plan = LoadPlan(requests: [Array("GET /a HTTP/1.1\r\nHost: x\r\n\r\n".utf8)])
        (plan.countMax, plan.connections, plan.seconds) = (count, connections, 30)
        return plan
    }

    @Test("a closed loop sends exactly its count, over all its connections", arguments: ["127.0.0.1", "::1"])
    func closed(host: String) async throws {
        let outcome = try await outcome(plan(count: 103, connections: 5), host: host) { exchange in
            await SimReply.text(200, "hello").send(over: exchange)
        }
        #expect(outcome.recorder.count == 103 && outcome.answersInAll == 103 && outcome.recorder.errors.isEmpty)
        #expect(outcome.recorder.bytes > 103 * 5 && outcome.rate > 0)
    }

    @Test("a server that closes each connection gets new ones")
    func closing() async throws {
        let outcome = try await outcome(plan(count: 20, connections: 2)) { exchange in
            await SimReply(status: 200, headers: [("Connection", "close")], body: .bytes([1])).send(over: exchange)
        }
        #expect(outcome.recorder.count == 20 && outcome.recorder.errors.isEmpty)
    }

    @Test("an open loop counts from the due time: a stall shows in all the requests behind it")
    func noCoordinatedOmission() async throws {
        var plan = plan(count: 40)
        plan.rate = 100
        let outcome = try await outcome(plan) { exchange in
            // The first request stalls, and with one connection so do the 29 that are due meanwhile.
            if StallOnce.isFirst(exchange) {
                try? await exchange.loop.sleep(seconds: 0.3)
            }
            await SimReply.text(200, "x").send(over: exchange)
        }
        #expect(outcome.recorder.count == 40 && outcome.recorder.errors.isEmpty)
        let summary = LatencySummary(outcome.recorder.histogram)
        #expect(summary.max >= 290)
        // At least half: the 20th of the 30 behind the stall waited 100 ms. A single slow reply would leave p50 small.
        #expect(summary.p50 >= 50, "\(summary)")
        #expect(LatencySummary(outcome.lateness).max >= 250, "the report has the lateness of the requests too")
    }

    @Test("an open loop without a stall sends all due requests")
    func beat() async throws {
        var plan = plan(count: .max, connections: 4)
        (plan.rate, plan.seconds, plan.warmUpSeconds) = (400, 0.25, 0.1)
        let outcome = try await outcome(plan) { await SimReply.text(200, "x").send(over: $0) }
        #expect(outcome.answersInAll == 140)
        // Replies of the warm-up do not count.
        #expect(outcome.recorder.count == 100 && outcome.recorder.errors.isEmpty)
    }

    @Test("a due request that cannot be sent counts as an error")
    func unsent() async throws {
        var plan = plan(count: .max)
        (plan.rate, plan.seconds, plan.timeoutSeconds) = (100, 0.2, 1)
        plan.requests.append(Array("GET /hang HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
        let outcome = try await outcome(plan) { exchange in
            if exchange.head.path == "/hang" {
                try? await exchange.loop.park { (ticket: Ticket<Void>) in exchange.whenClosed = { ticket.resume() } }
                return exchange.abort()
            }
            await SimReply.text(200, "x").send(over: exchange)
        }
        #expect(outcome.recorder.count == 1)
        #expect(outcome.recorder.errors["due, but no connection got free"] == 18)
        #expect(outcome.recorder.errors["no reply within 1.00 s of the end"] == 1)
    }

    @Test("errors are counted by kind; a lost connection is replaced")
    func errors() async throws {
        var plan = plan(count: 6)
        plan.requests = ["/ok", "/bad", "/drop"].map { Array("GET \($0) HTTP/1.1\r\nHost: x\r\n\r\n".utf8) }
        let outcome = try await outcome(plan) { exchange in
            switch exchange.head.path {
            case "/bad": await SimReply.json(503, ["code": "SERVICE_UNAVAILABLE"]).send(over: exchange)
            case "/drop": exchange.abort()
            default: await SimReply.text(200, "x").send(over: exchange)
            }
        }
        #expect(outcome.recorder.count == 2 && outcome.recorder.errorCount == 4)
        #expect(outcome.recorder.errors["503 SERVICE_UNAVAILABLE"] == 2)
    }

    @Test("an answer that every request would get ends the run with its reason", arguments: [401, 403, 429])
    func fatal(status: Int) async throws {
        let error = await #expect(throws: DriverError.self) {
            _ = try await outcome(plan(count: 1000, connections: 3)) { exchange in
                await SimReply.json(status, ["code": "X", "message": "why"]).send(over: exchange)
            }
        }
        #expect(error?.description.contains("\(status) X: why") == true, "\(error?.description ?? "")")
    }

    @Test("no server: the load gives up by itself")
    func nobody() async throws {
        let error = await #expect(throws: DriverError.self) {
            try await onLoop { loop in
                let server = try SimulatorServer(on: loop, host: "127.0.0.1", port: 0) { $0.abort() }
                let address = try #require(SocketAddress(host: "127.0.0.1", port: server.port))
                await server.close()
                var plan = LoadPlan(requests: [[1]])
                plan.seconds = 0.3
                _ = try await RequestLoad(plan, to: address, origin: 0, on: loop).run()
            }
        }
        #expect(error?.description.contains("connection refused") == true, "\(error?.description ?? "")")
    }
}

/// The first exchange of a test's server. Loop-bound: each server has its own loop.
private enum StallOnce {
    static func isFirst(_ exchange: Exchange) -> Bool {
        seen.withLock { $0.insert(ObjectIdentifier(exchange.loop)).inserted }
    }
    private static let seen = Lock<Set<ObjectIdentifier>>([])
}
