// Large batches, one after the other or several at the same time. Thread: the driver's loop.
import ArgumentParser
import Engine

struct IngestDriver: Driver {
    static let name = "ingest"
    static let abstract = "Large signed batches: seconds from the first byte to the 201."
    static let discussion = """
        The body is made once, in an unnamed file, and sent from there. After each 201 the driver cancels the job, so \
        that it neither disturbs the next round nor costs money; --keep-jobs leaves it. The service accepts up to 200 \
        MiB, which is 209.7 MB.
        """

    @OptionGroup var body: BodyOptions
    @Option(help: "Rounds.") var count = 3
    @Option(help: "Uploads at the same time per round.") var parallel = 1
    @Option(help: "Time limit of one upload, in seconds.") var timeout = 300.0
    @Flag(help: "Do not cancel the jobs.") var keepJobs = false

    func drive(_ bench: Bench) async throws -> DriverReport {
        try check(count > 0 && parallel > 0, "--count and --parallel must be above zero")
        try check(body.lots > 1, "a batch must have at least two lots")
        let made = try bench.make(body.spec)
        var rounds = RoundFigures()
        var report = bench.report(IngestDriver.name, settings)
        var points: [Series.Point] = []
        for round in 1...count {
            bench.progress.show("round \(round) of \(count): sending \(parallel) x \(made.count / 1_000_000) MB")
            let use = bench.beginUse()
            let begin = Monotonic.seconds()
            let replies = try await upload(made, bench)
            let wall = Monotonic.seconds() - begin
            rounds.add(figures(replies, made, wall) + (use?.end() ?? []))
            points += replies.map { Series.Point(at: bench.elapsed, value: $0.seconds) }
            try await settle(replies, bench)
        }
        report.figures = [
            Figure("body_mb", Double(made.plainBytes) / 1e6), Figure("sent_mb", Double(made.count) / 1e6),
            Figure("lots", Double(made.lots)), Figure("images", Double(made.pictures)),
        ]
        report.figures += rounds.medians
        report.series = [Series(name: "Uploads", unit: "s from the first byte to the 201", points: points)]
        report.notes = ["figures are medians of \(count) rounds"]
        return report
    }

    private func upload(_ made: BatchBody, _ bench: Bench) async throws -> [WireReply] {
        try await bench.loop.gather(Array(0..<parallel)) { _ in
            try await bench.client.send(made, timeoutSeconds: timeout)
        }
    }

    private func figures(_ replies: [WireReply], _ made: BatchBody, _ wall: Double) -> [Figure] {
        let seconds = RoundFigures.median(replies.map(\.seconds))
        var figures = [
            Figure("seconds_to_201", seconds, .lower),
            Figure("mb_per_second", Double(made.plainBytes) / 1e6 / seconds, .higher),
        ]
        if parallel > 1 {
            figures += [
                Figure("slowest_seconds", replies.map(\.seconds).max() ?? 0, .lower),
                Figure("mb_per_second_together", Double(made.plainBytes * parallel) / 1e6 / wall, .higher),
            ]
        }
        return figures
    }

    private func settle(_ replies: [WireReply], _ bench: Bench) async throws {
        for reply in replies {
            let job = try ControlClient.job(of: reply)
            if !keepJobs { try await bench.client.cancel(job) }
        }
    }

    private var settings: [(String, JSONValue)] {
        body.settings + [("count", .int(count)), ("parallel", .int(parallel)), ("keep_jobs", .bool(keepJobs))]
    }
}
