// Polls beside clients that never finish their requests. Thread: the driver's loop; the slow clients have a separate
// loop, so that they do not delay the polls.
import ArgumentParser
import Engine

struct SlowDriver: Driver {
    static let name = "slow"
    static let abstract = "Polls at a fixed rate, alone and beside half-open, dripping connections."
    static let discussion = """
        Each round polls for --seconds alone, then opens --half-open connections, half of them within a head, half \
        within a body, which send a byte every --drip seconds, and polls for --seconds again. Connections that the \
        service closes are opened again. p99_slow_over_idle is the median of the rounds.
        """

    @Option(help: "Half-open connections.") var halfOpen = 500
    @Option(help: "Seconds between two bytes per connection.") var drip = 1.0
    @Option(help: "Polls per second.") var rate = 100.0
    @Option(help: "Connections for the polls.") var connections = 32
    @Option(help: "Seconds of each phase.") var seconds = 8.0
    @Option(help: "Rounds.") var count = 3

    func drive(_ bench: Bench) async throws -> DriverReport {
        try check(halfOpen > 0 && drip > 0 && rate > 0 && seconds > 0 && count > 0, "all numbers must be above zero")
        let job = try await PollDriver.makeJobs(1, bench)[0]
        var rounds = RoundFigures()
        var report = bench.report(SlowDriver.name, settings)
        for round in 1...count {
            bench.progress.show("round \(round) of \(count): polls alone")
            let idle = try await polls(bench, job)
            bench.progress.show("round \(round) of \(count): polls beside \(halfOpen) half-open connections")
            let (address, drip, target, wanted) = (bench.address, drip, bench.target, halfOpen)
            let crowd = try await Beside.start("slow") { SlowCrowd(to: address, target, dripSeconds: drip, on: $0) }
            let slow: Result<LoadOutcome, any Error>
            do {
                try await crowd.run { crowd, _ in try await crowd.open(wanted) }
                slow = .success(try await polls(bench, job))
            } catch { slow = .failure(error) }
            let (held, reopened) = try await crowd.run { crowd, _ in (crowd.held, crowd.reopened) }
            await crowd.close { await $0.close() }
            let (idleP99, slowP99) = (p99(idle), p99(try slow.get()))
            rounds.add([
                Figure("idle_p99_ms", idleP99, .lower), Figure("slow_p99_ms", slowP99, .lower),
                Figure("p99_slow_over_idle", slowP99 / max(idleP99, 0.001), .lower),
                Figure("half_open_held", Double(held)), Figure("half_open_reopened", Double(reopened)),
            ])
            report.errors.merge(idle.recorder.errors) { $0 + $1 }
            report.errors.merge(try slow.get().recorder.errors) { $0 + $1 }
        }
        try await bench.client.cancel(job)
        report.figures = rounds.medians
        report.notes = ["figures are medians of \(count) rounds"]
        return report
    }

    private func p99(_ outcome: LoadOutcome) -> Double { LatencySummary(outcome.recorder.histogram).p99 }

    private func polls(_ bench: Bench, _ job: String) async throws -> LoadOutcome {
        var plan = LoadPlan(requests: [bench.target.statusRequest(job)])
        (plan.connections, plan.rate, plan.seconds, plan.what) = (connections, rate, seconds, "status poll")
        return try await RequestLoad(plan, to: bench.address, origin: bench.origin, on: bench.loop).run()
    }

    private var settings: [(String, JSONValue)] {
        [
            ("half_open", .int(halfOpen)), ("drip", .double(drip)), ("rate", .double(rate)),
            ("connections", .int(connections)), ("seconds", .double(seconds)), ("count", .int(count)),
        ]
    }
}
