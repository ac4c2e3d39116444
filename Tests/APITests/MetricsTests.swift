// `/metrics` and its sources. Tests/ServiceTests/metrics_test.py checks the numbers under traffic.
import Engine
import Logging
import TestSupport
import Testing

@testable import Server

@Suite("Metrics", .timeLimit(.minutes(2)))
struct MetricsTests {
    /// The lines of a scrape.
    private func scrape(_ port: Int) async throws -> Set<String> {
        try await onLoop { loop in
            let client = try await HTTPTestClient.connect(port: port, on: loop)
            defer { client.close() }
            client.send("GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            let reply = try await client.reply()
            #expect(reply.status == 200 && reply.header("Content-Type") == MetricsText.contentType)
            return Set(reply.text.split(separator: "\n").map(String.init))
        }
    }

    @Test("C9: admitted and refused requests are counted by class, including those refused before their body")
    func limiter() async throws {
        let limits = ["RATE_LIMIT_POLL": "2", "RATE_LIMIT_SYNC": "1", "RATE_LIMIT_BATCH": "1"]
        try await TestServer.with(limits) { server, _ in
            for _ in 0..<3 { _ = try await server.send("GET", "/api/v1/batch-status/x") }
            let later = [("Prefer", "respond-async")]
            for headers in [later, later, [], []] { _ = try await server.generate("{", headers: headers) }
            let lines = try await scrape(server.metricsPort)
            for (rate, admitted, refused) in [("poll", 2, 1), ("synchronous", 1, 1), ("batch", 1, 1)] {
                #expect(lines.contains("generation_ratelimit_admitted_total{class=\"\(rate)\"} \(admitted)"))
                #expect(lines.contains("generation_ratelimit_refused_total{class=\"\(rate)\"} \(refused)"))
            }
            #expect(lines.contains("generation_ratelimit_clients 1"))
        }
    }

    @Test("C9: an empty METRICS_BIND turns metrics off")
    func off() async throws {
        try await TestServer.with(["METRICS_BIND": ""]) { server, _ in
            let alive = try await server.send("GET", "/health/live")
            #expect(alive.status == 200 && server.metricsPort == 0)
        }
    }

    @Test("C9: an instance whose metrics address is taken still serves, and binds it when it becomes free")
    func taken() async throws {
        try await TestDatabase.with { database in
            let first = try await TestServer.start(database: database)
            let port = first.metricsPort
            let second = try await TestServer.start(database: database, ["METRICS_BIND": "127.0.0.1:\(port)"])
            #expect(second.metricsPort == 0)
            #expect(try await second.send("GET", "/health/ready").status == 200)
            let request = "generation_http_requests_total{route=\"/health/ready\",method=\"GET\",status=\"200\"} 1"
            let before = try await scrape(port)
            #expect(!before.contains(request))
            await first.stop()
            var lines = try? await scrape(port)
            while lines == nil { lines = try? await scrape(port) }
            #expect(lines?.contains(request) == true)
            await second.stop()
        }
    }

    @Test("C9: a scrape shows the loops' own figures, one row per shard")
    func shards() async throws {
        try await TestServer.with(["WORKER_THREADS": "3"]) { server, _ in
            let lines = try await scrape(server.metricsPort)
            for shard in 0..<3 {
                #expect(lines.contains { $0.hasPrefix("generation_loop_lag_seconds_count{shard=\"\(shard)\"}") })
            }
            #expect(lines.contains("generation_database_connections_max{role=\"exclusive\"} 12"))
        }
    }

    @Test("C9: the database is queried at most every five seconds, and its last figures are reported for a minute")
    func queue() async throws {
        try await TestServer.with { _, url in
            try await PollTests.makeJob(url)
            try await onLoop { loop in
                let database = Database(on: loop, configuration: DatabaseConfiguration(url: url))
                let hand = Hand()
                let probe = QueueProbe(database, on: loop, now: { hand.seconds })
                #expect(await probe.look() == nil)
                database.start()
                _ = try await database.query(Statement("test_one", "SELECT 1"))
                hand.seconds += QueueProbe.freshSeconds
                let figures = try #require(await probe.look())
                #expect(figures.jobs.map(\.count) == [1] && figures.pendingDeliveries == 0)
                #expect(figures.jobs[0].status == .processing && figures.jobs[0].stage == .visionAnalysis)
                #expect(figures.jobs[0].eldestSeconds >= 600)
                let asked = database.metrics.statements[.ok]
                hand.seconds += QueueProbe.freshSeconds - 0.1
                #expect(await probe.look() != nil)
                #expect(database.metrics.statements[.ok] == asked)
                hand.seconds += 0.2
                #expect(await probe.look() != nil)
                #expect(database.metrics.statements[.ok] == asked + 2)
                await database.close()
                hand.seconds += 30
                #expect(await probe.look() != nil)
                hand.seconds += 31
                #expect(await probe.look() == nil)
                probe.close()
            }
        }
    }

    private final class Hand { var seconds = 1000.0 }

    @Test("C9: the kernel's figures, for any process name")
    func process() async throws {
        var figures = ProcessFigures()
        let rest = (5...52).map { "\($0)" }.joined(separator: " ")
        figures.readStat("42 (a) S 1 (b) R 4 \(rest)\n", ticks: 2, page: 4096)
        #expect(figures.threads == 20 && figures.startSeconds == 11)
        #expect(figures.virtualBytes == 23 && figures.residentBytes == 24 * 4096)
        let own = try await onLoop { await ProcessFigures.look(on: $0) }
        let (resident, open) = (try #require(own.residentBytes), try #require(own.openDescriptors))
        let (most, start) = (try #require(own.descriptorsMax), try #require(own.startSeconds))
        #expect(resident > 1_000_000)
        #expect(open > 3 && open < most)
        #expect(start < Timestamp.now().seconds)
    }

    @Test("C9: a route's label is its pattern, each once; unknown paths are the last")
    func routes() {
        let router = SiteRoute.router
        #expect(Set(router.patterns).count == router.patterns.count && router.patterns.last == "other")
        for (method, path, pattern) in [
            ("GET", "/api/v1/batch-results/secret/download", "/api/v1/batch-results/:job/download"),
            ("PUT", "/api/v1/batch-status/secret", "/api/v1/batch-status/:job"), ("GET", "/secret", "other"),
        ] {
            #expect(router.patterns[router.find(method: method, path: path).pattern] == pattern)
        }
        let labels = RequestMetrics(patterns: router.patterns).labels.map { $0.map { $0.value }.joined(separator: " ") }
        #expect(Set(labels).count == labels.count)
    }

    @Test("C9: a status without its own label counts as other")
    func statuses() {
        let metrics = RequestMetrics(patterns: SiteRoute.router.patterns)
        for status in [200, 299, 599, 600, nil] {
            metrics.ended(ServedRequest(tag: 3, status: status, nanoseconds: nil))
        }
        let counts = RequestMetrics.statusLabels.enumerated().filter { metrics.count(tag: 3, status: $0.offset) > 0 }
            .map { "\($0.element): \(metrics.count(tag: 3, status: $0.offset))" }
        #expect(counts == ["200: 1", "other: 3", "aborted: 1"])
    }
}
