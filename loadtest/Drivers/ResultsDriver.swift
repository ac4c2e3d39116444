// Repeated downloads of a finished job's results. Thread: the driver's loop.
import ArgumentParser
import Engine

struct ResultsDriver: Driver {
    static let name = "results"
    static let abstract = "Downloads of a finished job's results."
    static let discussion = """
        With --job the driver reads a finished job; without it the driver makes a job and waits for it, which needs a \
        service that can work (with `loadtest openai` as its OpenAI it costs nothing). The first download is checked \
        in full: complete JSON with every lot. The measured ones must have its exact length.
        """

    @Option(help: "The id of a finished job.") var job: String?
    @Option(help: "Lots of the new job.") var lots = 1000
    @Option(help: "Languages of the new job, separated by commas.") var languages = "en,ru,de"
    @OptionGroup var pictures: PictureOptions
    @Option(help: "Downloads to measure.") var count = 5
    @Option(help: "Downloads at the same time.") var parallel = 1
    @Option(help: "Seconds to wait for the job.") var wait = 600.0
    @Option(help: "Time limit of one download, in seconds.") var timeout = 300.0
    @Flag(help: "Read the /download form.") var download = false

    func drive(_ bench: Bench) async throws -> DriverReport {
        try check(count > 0 && parallel > 0 && lots > 1, "--count and --parallel must be above 0, --lots above 1")
        let id = try await finishedJob(bench)
        let head = bench.target.head(
            "GET", "/api/v1/batch-results/\(id)\(download ? "/download" : "")", signing: id,
            headers: [("Connection", "close")])
        bench.progress.show("checking the results")
        let whole = try await checked(head, bench)
        var rounds = RoundFigures()
        var points: [Series.Point] = []
        for round in 1...count {
            bench.progress.show("download \(round) of \(count)")
            let use = bench.beginUse()
            let replies = try await bench.loop.gather(Array(0..<parallel)) { _ in
                try await get(head, bench) { _ in }
            }
            try check(
                replies.allSatisfy { $0.bodyBytes == whole.bytes }, "a download had another length than the first")
            let figures = replies.map { reply in
                [
                    Figure("seconds", reply.seconds, .lower),
                    Figure("first_byte_ms", reply.secondsToReply * 1000, .lower),
                    Figure("mb_per_second", Double(reply.bodyBytes) / 1e6 / reply.seconds, .higher),
                ]
            }
            for one in figures { rounds.add(one) }
            rounds.add(use?.end() ?? [])
            points += replies.map { .init(at: bench.elapsed, value: Double($0.bodyBytes) / 1e6 / $0.seconds) }
        }
        var report = bench.report(ResultsDriver.name, settings)
        report.figures = [Figure("result_mb", Double(whole.bytes) / 1e6), Figure("result_lots", Double(whole.lots))]
        report.figures += rounds.medians
        report.series = [Series(name: "Downloads", unit: "MB/s", points: points)]
        report.notes = ["figures are medians of \(count * parallel) downloads of job \(id)"]
        return report
    }

    private func get(
        _ head: [UInt8], _ bench: Bench, _ sink: @escaping (UnsafeRawBufferPointer) -> Void
    ) async throws -> WireReply {
        let reply = try await WireCall.run(
            head, to: bench.address, timeoutSeconds: timeout, on: bench.loop, sink: sink)
        guard reply.status == 200 else { throw DriverError(status: reply.status, body: reply.body, to: "results") }
        return reply
    }

    private func checked(_ head: [UInt8], _ bench: Bench) async throws -> (bytes: Int, lots: Int) {
        var json = JSONCompleteness(counting: "lot_id")
        let reply = try await get(head, bench) { json.read($0) }
        try check(json.isComplete, "the results are not complete JSON (\(reply.bodyBytes) bytes)")
        if job == nil { try check(json.count == lots, "\(json.count) lots in the results instead of \(lots)") }
        return (reply.bodyBytes, json.count)
    }

    private func finishedJob(_ bench: Bench) async throws -> String {
        if let job { return job }
        return try await pictures.open().using { addresses in
            var spec = BatchSpec(lots: lots, filling: .pictures(2), languages: languageList(languages))
            spec.pictures = addresses
            let id = try await bench.client.submit(try bench.make(spec))
            let end = try await bench.client.wait(
                id, atMost: wait, seen: { bench.progress.show("making results: \($0.processed) of \($0.total) lots") },
                until: { _ in false })
            try check(end.status == "completed", "the new job is \(end.status): \(end.error)")
            return id
        }
    }

    private var settings: [(String, JSONValue)] {
        [
            ("job", job.map { .string($0) } ?? "made by the driver"), ("lots", .int(lots)),
            ("languages", .string(languages)), ("count", .int(count)), ("parallel", .int(parallel)),
            ("download", .bool(download)), pictures.setting,
        ]
    }
}
