// Status polls, at full speed or at a steady rate. Thread: the driver's loop.
import ArgumentParser
import Engine

struct PollDriver: Driver {
    static let name = "poll"
    static let abstract = "Signed status polls over kept connections."
    static let discussion = """
        Without --rate each connection polls again as soon as it has its answer (closed loop): the figure is \
        polls_per_second. With --rate polls are due at a fixed rate, independent of the answers (open loop): the \
        figures are the latencies from each poll's due time. The driver makes the jobs (two lots each, with pictures \
        that do not exist) unless --job names some.
        """

    @Option(help: "Connections.") var connections = 64
    @Option(help: "Polls per second at a fixed rate; default: full speed.") var rate: Double?
    @Option(help: "Seconds to measure.") var seconds = 10.0
    @Option(help: "Seconds before the measurement.") var warmUp = 1.0
    @Option(help: "Maximum number of polls.") var count: Int?
    @Option(help: "Number of jobs to make and poll in turn.") var jobs = 1
    @Option(help: "The id of a job to poll; may be repeated.") var job: [String] = []
    @Option(help: "Seconds to wait for the last answers.") var timeout = 10.0

    func drive(_ bench: Bench) async throws -> DriverReport {
        try check(connections > 0 && seconds > 0 && jobs > 0, "--connections, --seconds and --jobs must be above zero")
        try check(rate.map { $0 > 0 } ?? true, "--rate must be above zero")
        let ids = job.isEmpty ? try await PollDriver.makeJobs(jobs, bench) : job
        // One poll before the run finds an error that every poll would get.
        _ = try await bench.client.status(ids[0])
        var plan = LoadPlan(requests: ids.map(bench.target.statusRequest))
        (plan.connections, plan.rate, plan.seconds, plan.warmUpSeconds) = (connections, rate, seconds, warmUp)
        (plan.countMax, plan.timeoutSeconds, plan.what) = (count ?? .max, timeout, "status poll")
        let use = bench.beginUse()
        let outcome = try await bench.run(plan, showing: "polls")
        var report = bench.report(PollDriver.name, settings(ids.count))
        report.figures = [Figure("polls_per_second", outcome.rate, rate == nil ? .higher : .neither)]
        report.add("polls", outcome.recorder)
        report.add(outcome, use, per: "poll")
        return report
    }

    /// Jobs that cost nothing: their pictures are on a host that does not exist.
    static func makeJobs(_ count: Int, _ bench: Bench) async throws -> [String] {
        var ids: [String] = []
        for number in 0..<count {
            let spec = BatchSpec(lots: 2, filling: .pictures(1), seed: number)
            ids.append(try await bench.client.submit(try bench.make(spec)))
        }
        return ids
    }

    private func settings(_ jobs: Int) -> [(String, JSONValue)] {
        [
            ("connections", .int(connections)), ("rate", rate.map { .double($0) } ?? "closed loop"),
            ("seconds", .double(seconds)), ("warm_up", .double(warmUp)), ("jobs", .int(jobs)),
        ]
    }
}

extension Bench {
    /// Runs a load and shows its progress.
    func run(_ plan: LoadPlan, showing name: String) async throws -> LoadOutcome {
        let load = RequestLoad(plan, to: address, origin: origin, on: loop)
        var last = (at: Monotonic.seconds(), count: 0)
        progress.watch {
            let now = (at: Monotonic.seconds(), count: load.completed)
            let rate = Double(now.count - last.count) / max(0.001, now.at - last.at)
            last = now
            return """
                \(NumberText.grouped(now.count)) \(name), \(NumberText.short(max(0, rate)))/s now, \
                \(NumberText.grouped(load.errors)) errors
                """
        }
        let outcome = try await load.run()
        progress.show("\(name): done")
        return outcome
    }
}

extension DriverReport {
    /// Costs of a load: the server's per answer, and the driver's own.
    mutating func add(_ outcome: LoadOutcome, _ use: ServerUse?, per what: String) {
        if outcome.lateness.count > 0 {
            let lateness = LatencySummary(outcome.lateness)
            figures.append(Figure("driver_late_p99_ms", lateness.p99))
        }
        figures.append(Figure("driver_cpu_cores", outcome.driverCores))
        if outcome.driverCores > 0.9 {
            notes.append("the driver used nearly a whole core: it may have limited the rate")
        }
        let answers = outcome.answersInAll
        if answers > 0 {
            let cpu = outcome.driverCores * outcome.secondsInAll
            figures.append(Figure("driver_cpu_us_per_\(what)", cpu / Double(answers) * 1e6))
        }
        guard let use else { return }
        let server = use.end()
        figures += server
        if let cpu = server.first(where: { $0.name == "server_cpu_seconds" }), answers > 0 {
            figures.append(Figure("server_cpu_us_per_\(what)", cpu.value / Double(answers) * 1e6, .lower))
        }
    }
}
