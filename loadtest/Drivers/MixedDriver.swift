// Polls at a steady rate, first alone and then while a large batch arrives. Thread: the driver's loop; the batch is
// sent from a separate loop, so that sending it does not delay the polls.
import ArgumentParser
import Engine

struct MixedDriver: Driver {
    static let name = "mixed"
    static let abstract = "Polls on a fixed beat, alone and while a large batch arrives."
    static let discussion = """
        Each round polls for --idle seconds, then sends the batch and continues polling until its 201. Latencies count \
        from each poll's due time, so a service that stalls cannot hide the polls behind the stall. The driver cancels \
        its jobs. driver_late_p99_ms is the driver's own delay: latencies below it are noise.
        """

    @OptionGroup var body: BodyOptions
    @Option(help: "Polls per second.") var rate = 100.0
    @Option(help: "Connections for the polls.") var connections = 32
    @Option(help: "Seconds of polls alone before each batch.") var idle = 4.0
    @Option(help: "Rounds.") var count = 3
    @Option(help: "Time limit of one upload, in seconds.") var timeout = 300.0

    /// Results of both phases, merged over the rounds.
    private struct Found {
        var idle: LoadRecorder?
        var during: LoadRecorder?
        var lateness = LatencyHistogram()
        var rounds = RoundFigures()
    }

    func drive(_ bench: Bench) async throws -> DriverReport {
        try check(count > 0 && connections > 0 && rate > 0 && idle > 0, "all numbers must be above zero")
        try check(body.lots > 1, "a batch must have at least two lots")
        let ids = try await PollDriver.makeJobs(1, bench)
        bench.progress.show("making the batch")
        let (spec, keys) = (body.spec, bench.target.keys)
        let uploader = try await Beside.start("uploader") { _ in try BatchBodyMaker.make(spec, keys: keys) }
        let result: Result<DriverReport, any Error>
        do { result = .success(try await measure(bench, ids[0], uploader)) } catch { result = .failure(error) }
        await uploader.close()
        return try result.get()
    }

    private func measure(_ bench: Bench, _ job: String, _ uploader: Beside<BatchBody>) async throws -> DriverReport {
        var found = Found()
        for round in 1...count {
            bench.progress.show("round \(round) of \(count): polls alone")
            let alone = try await load(bench, job, seconds: idle).run()
            bench.progress.show("round \(round) of \(count): polls while the batch arrives")
            let use = bench.beginUse()
            let (outcome, reply) = try await pollDuringUpload(bench, job, uploader)
            let idleP99 = LatencySummary(alone.recorder.histogram).p99
            let duringP99 = LatencySummary(outcome.recorder.histogram).p99
            found.rounds.add(
                [
                    Figure("seconds_to_201", reply.seconds, .lower),
                    Figure("p99_during_over_idle", duringP99 / max(idleP99, 0.001), .lower),
                ] + (use?.end() ?? []))
            found.idle = merged(found.idle, alone.recorder)
            found.during = merged(found.during, outcome.recorder)
            found.lateness.add(alone.lateness)
            found.lateness.add(outcome.lateness)
            try await bench.client.cancel(ControlClient.job(of: reply))
        }
        return report(bench, found)
    }

    private func merged(_ all: LoadRecorder?, _ one: LoadRecorder) -> LoadRecorder {
        guard var all else { return one }
        all.merge(one)
        return all
    }

    private func load(_ bench: Bench, _ job: String, seconds: Double) -> RequestLoad {
        var plan = LoadPlan(requests: [bench.target.statusRequest(job)])
        (plan.connections, plan.rate, plan.seconds, plan.what) = (connections, rate, seconds, "status poll")
        plan.sliceSeconds = LoadRecorder.sliceSeconds(for: idle * 10)
        return RequestLoad(plan, to: bench.address, origin: bench.origin, on: bench.loop)
    }

    private func pollDuringUpload(
        _ bench: Bench, _ job: String, _ uploader: Beside<BatchBody>
    ) async throws -> (LoadOutcome, WireReply) {
        let polls = load(bench, job, seconds: timeout)
        let (target, address, timeout) = (bench.target, bench.address, timeout)
        let upload = LoopTask(on: bench.loop) {
            let result: Result<WireReply, any Error>
            do {
                result = .success(
                    try await uploader.run { body, loop in
                        try await WireCall.run(
                            body.head(for: target), upload: body.file, to: address, timeoutSeconds: timeout, on: loop)
                    })
            } catch { result = .failure(error) }
            polls.stop()
            return try result.get()
        }
        let outcome: Result<LoadOutcome, any Error>
        do { outcome = .success(try await polls.run()) } catch { outcome = .failure(error) }
        // The upload uses the uploader's memory: wait for it even if the polls have failed.
        let reply = try await upload.value()
        return (try outcome.get(), reply)
    }

    private func report(_ bench: Bench, _ found: Found) -> DriverReport {
        var report = bench.report(MixedDriver.name, settings)
        report.figures = found.rounds.medians
        if let idle = found.idle { report.add("polls alone", idle, prefix: "idle_") }
        if let during = found.during { report.add("polls while a batch arrives", during, prefix: "during_") }
        let lateness = LatencySummary(found.lateness)
        report.figures.append(Figure("driver_late_p99_ms", lateness.p99))
        report.figures += [("idle_polls", found.idle), ("during_polls", found.during)].map {
            Figure($0.0, Double($0.1?.count ?? 0))
        }
        report.notes = ["latencies are over all polls of \(count) rounds; the other figures are medians of the rounds"]
        return report
    }

    private var settings: [(String, JSONValue)] {
        body.settings + [
            ("rate", .double(rate)), ("connections", .int(connections)), ("idle", .double(idle)),
            ("count", .int(count)),
        ]
    }
}
