// Every driver, small and short, against a real service in this process and the simulators.
import ArgumentParser
import Engine
import Glibc
import TestSupport
import Testing

@testable import LoadtestKit

@Suite("Load drivers against a service", .timeLimit(.minutes(3)))
struct DriverTests {
    private func drive(_ driver: some Driver, _ server: TestServer, pid: Int? = nil) async throws -> DriverReport {
        let target = try Target(baseURL: server.baseURL, key: TestServer.key)
        let report = try await Bench.run(driver, against: target, BenchOptions(serverPID: pid))
        #expect(report.errors.isEmpty, "\(report.errors)")
        try expectWellFormed(report.html)
        return report
    }

    /// With a simulated OpenAI whose batches take a moment, and the background work on.
    private func withWorkingService(
        _ body: @escaping @Sendable (TestServer, _ database: String) async throws -> Void
    ) async throws {
        try await onLoop("openai") { loop in
            var options = OpenAIOptions()
            options.batchSeconds = 0.1
            let openAI = try OpenAISimulator.start(on: loop, options: options)
            let settings = ["OPENAI_BASE_URL": openAI.baseURL]
            let result: Result<Void, any Error>
            do {
                result = .success(try await TestServer.with(settings, runsBackground: true, body))
            } catch { result = .failure(error) }
            await openAI.close()
            try result.get()
        }
    }

    @Test("poll: a closed loop of an exact count, an open one at its rate")
    func poll() async throws {
        try await TestServer.with { server, _ in
            let closed = try await drive(
                try PollDriver.parse(["--connections", "4", "--count", "200", "--warm-up", "0", "--jobs", "2"]), server,
                pid: Int(getpid()))
            #expect(closed.latencies[0].summary.count == 200)
            #expect((closed.figure("polls_per_second") ?? 0) > 0 && (closed.figure("p99_ms") ?? 0) > 0)
            #expect((closed.figure("server_cpu_us_per_poll") ?? 0) > 0 && closed.server.count >= 2)
            let open = try await drive(
                try PollDriver.parse(["--rate", "100", "--seconds", "0.4", "--warm-up", "0.1"]), server)
            #expect(open.latencies[0].summary.count == 40)
            #expect(open.figure("driver_late_p99_ms") != nil)
        }
    }

    @Test("mutate: damaged requests leave the service unchanged, and every reply is strict HTTP")
    func mutate() async throws {
        try await TestServer.with { server, _ in
            let report = try await drive(try MutateDriver.parse(["--count", "600", "--connections", "16"]), server)
            #expect(report.figure("requests") == 600)
            #expect((report.figure("replies_400") ?? 0) > 20 && (report.figure("replies_200") ?? 0) > 20)
        }
    }

    @Test("slow: polls are answered beside half-open connections")
    func slow() async throws {
        try await TestServer.with { server, _ in
            let options = ["--half-open", "40", "--count", "1", "--seconds", "0.4", "--drip", "0.1"]
            let report = try await drive(try SlowDriver.parse(options), server)
            #expect(report.figure("half_open_held") == 40)
            #expect((report.figure("p99_slow_over_idle") ?? 0) > 0)
        }
    }

    @Test("soak: all kinds of work, and levels of the server's usage")
    func soak() async throws {
        try await withWorkingService { server, _ in
            // The levels are those of this process, which grows: only a separate server would give a verdict.
            let report = try await drive(
                try SoakDriver.parse([
                    "--minutes", "0.05", "--lots", "3", "--batches", "1", "--rate", "20", "--memory-tolerance", "900",
                    "--descriptor-tolerance", "900", "--thread-tolerance", "900",
                ]), server, pid: Int(getpid()))
            for figure in ["polls", "single_lots", "batches", "result_mb", "damaged_requests"] {
                #expect((report.figure(figure) ?? 0) > 0, "\(figure)")
            }
            #expect((report.figure("rss_mb_last_quarter") ?? 0) > 1)
            #expect((report.figure("descriptors_last_quarter") ?? 0) > 1)
            #expect((report.figure("threads_last_quarter") ?? 0) > 1)
        }
    }

    @Test("a wrong key, active limits, no server: the driver reports it")
    func refused() async throws {
        let driver = try PollDriver.parse(["--count", "5"])
        try await TestServer.with(["RATE_LIMIT_BATCH": "1"]) { server, _ in
            let wrong = await #expect(throws: DriverError.self) {
                try await Bench.run(
                    driver, against: Target(baseURL: server.baseURL, key: "another-key"), BenchOptions())
            }
            #expect(wrong?.description.contains("the key does not fit") == true, "\(wrong?.description ?? "")")
            let limited = await #expect(throws: DriverError.self) {
                try await Bench.run(
                    try PollDriver.parse(["--count", "5", "--jobs", "3"]),
                    against: Target(baseURL: server.baseURL, key: TestServer.key), BenchOptions())
            }
            #expect(limited?.description.contains("RATE_LIMIT_BATCH=0") == true, "\(limited?.description ?? "")")
        }
        let nobody = await #expect(throws: DriverError.self) {
            try await Bench.run(driver, against: Target(baseURL: "http://127.0.0.1:9", key: "k"), BenchOptions())
        }
        #expect(nobody?.description.contains("cannot reach") == true, "\(nobody?.description ?? "")")
    }

    @Test("ingest: several at the same time, in both forms; the jobs are cancelled")
    func ingest() async throws {
        try await TestServer.with { server, database in
            for options in [[], ["--wire", "ascii", "--sign", "header", "--keep-jobs"]] {
                let report = try await drive(
                    try IngestDriver.parse(
                        ["--lots", "200", "--megabytes", "0.2", "--count", "2", "--parallel", "2"] + options), server,
                    pid: Int(getpid()))
                #expect((report.figure("seconds_to_201") ?? 0) > 0 && report.figure("lots") == 200)
                #expect(report.series[0].points.count == 4)
                #expect(report.figure("server_peak_mb") != nil)
            }
            let jobs = try await rows(
                database, "SELECT status, count(*), sum(total_lots) FROM batch_jobs GROUP BY 1 ORDER BY 1")
            #expect(jobs == [["cancelled", "4", "800"], ["pending", "4", "800"]])
        }
    }

    private func rows(_ database: String, _ sql: String) async throws -> [[String]] {
        try await onDatabase(database) { session in
            var lines: [UInt8] = []
            let copy = try await session.copyOut("COPY (\(sql)) TO STDOUT")
            while let bytes = try await copy.next() { lines += bytes }
            return String(decoding: lines, as: UTF8.self).split(separator: "\n").map {
                $0.split(separator: "\t").map(String.init)
            }
        }
    }

    @Test("mixed: polls alone and while a batch arrives")
    func mixed() async throws {
        try await TestServer.with { server, _ in
            let report = try await drive(
                try MixedDriver.parse([
                    "--lots", "500", "--megabytes", "1", "--rate", "100", "--idle", "0.2", "--count", "2",
                ]), server)
            #expect(report.figure("idle_polls") == 40)
            #expect((report.figure("during_polls") ?? 0) >= 2)
            #expect((report.figure("seconds_to_201") ?? 0) > 0 && (report.figure("p99_during_over_idle") ?? 0) > 0)
            #expect(report.latencies.map(\.name) == ["polls alone", "polls while a batch arrives"])
        }
    }

    @Test("batch, results, images and sync: the work is done and counted")
    func working() async throws {
        try await withWorkingService { server, _ in
            let batch = try await drive(
                try BatchDriver.parse(["--lots", "12", "--jobs", "2", "--languages", "en,de", "--wait", "60"]), server)
            #expect(batch.figure("processed_lots") == 24 && batch.figure("failed_lots") == 0)
            #expect(batch.series[0].points.last?.value == 24)
            let results = try await drive(
                try ResultsDriver.parse(["--lots", "9", "--count", "2", "--parallel", "2", "--wait", "60"]), server)
            #expect(results.figure("result_lots") == 9 && (results.figure("mb_per_second") ?? 0) > 0)
            let sync = try await drive(
                try SyncDriver.parse(["--connections", "2", "--count", "6", "--languages", "en,fr"]), server)
            #expect(sync.latencies[0].summary.count == 6 && (sync.figure("lots_per_second") ?? 0) > 0)
            let images = try await drive(
                try ImagesDriver.parse(["--lots", "100", "--images", "10", "--wait", "60", "--to-the-end"]), server)
            #expect(images.figure("images") == 1000 && (images.figure("images_per_second") ?? 0) > 0)
            #expect(images.figure("processed_lots") == 100 && images.figure("failed_lots") == 0)
        }
    }

    @Test("webhooks: each address gets its delivery once, signed")
    func webhooks() async throws {
        try await withWorkingService { server, _ in
            let report = try await drive(
                try WebhooksDriver.parse(["--deliveries", "30", "--receivers", "2", "--wait", "60"]), server)
            #expect(report.figure("deliveries") == 30 && (report.figure("deliveries_per_second") ?? 0) > 0)
            #expect(report.latencies[0].summary.count == 30)
        }
    }
}
