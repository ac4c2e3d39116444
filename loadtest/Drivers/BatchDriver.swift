// Whole jobs, from the request to the last lot. Thread: the driver's loop.
import ArgumentParser
import Engine

struct BatchDriver: Driver {
    static let name = "batch"
    static let abstract = "Whole jobs, from the request to the last lot."
    static let discussion = """
        The service does all of the work, so its OpenAI should be `loadtest openai`: a real one costs money. The \
        measured time includes the provider's part (--batch-seconds). With --pid the report shows whether the server's \
        memory grows with the job.
        """

    @Option(help: "Lots per job.") var lots = 1000
    @Option(help: "Pictures per lot.") var images = 2
    @Option(help: "Jobs at the same time.") var jobs = 1
    @Option(help: "Languages, separated by commas.") var languages = "en,ru,de"
    @OptionGroup var pictures: PictureOptions
    @Option(help: "Seconds to wait for the jobs.") var wait = 3600.0

    private struct Job {
        var id: String
        var end: JobStatusReply
        var seconds: Double
        var stages: StageTimes
    }

    func drive(_ bench: Bench) async throws -> DriverReport {
        try check(lots > 1 && images > 0 && jobs > 0, "--lots must be above 1, --images and --jobs above 0")
        let use = bench.beginUse()
        let begin = Monotonic.seconds()
        var points = [Series.Point(at: bench.elapsed, value: 0)]
        let done = try await pictures.open().using { addresses in
            var processed = [Int](repeating: 0, count: jobs)
            return try await bench.loop.gather(Array(0..<jobs)) { number in
                try await one(number, addresses, bench) { status in
                    processed[number] = status.processed
                    let sum = Double(processed.reduce(0, +))
                    if points.last?.value != sum { points.append(.init(at: bench.elapsed, value: sum)) }
                    bench.progress.show("\(status.stage): \(Int(sum)) of \(lots * jobs) lots")
                }
            }
        }
        let seconds = Monotonic.seconds() - begin
        var report = bench.report(BatchDriver.name, settings)
        report.figures = figures(done, seconds) + (use?.end() ?? [])
        report.series = [Series(name: "Lots that reached an end", unit: "lots", points: points)]
        for job in done where job.end.status != "completed" {
            report.errors["a job ended \(job.end.status): \(job.end.error)", default: 0] += 1
        }
        return report
    }

    private func one(
        _ number: Int, _ addresses: PictureAddresses, _ bench: Bench, _ seen: (JobStatusReply) -> Void
    ) async throws -> Job {
        var spec = BatchSpec(
            lots: lots, filling: .pictures(images), seed: number + 1, languages: languageList(languages))
        spec.pictures = addresses
        let body = try bench.make(spec)
        let begin = Monotonic.seconds()
        let id = try await bench.client.submit(body)
        var stages = StageTimes()
        let end = try await bench.client.wait(
            id, atMost: wait,
            seen: { status in
                stages.saw(status.stage, at: Monotonic.seconds())
                seen(status)
            }, until: { _ in false })
        return Job(id: id, end: end, seconds: Monotonic.seconds() - begin, stages: stages)
    }

    private func figures(_ done: [Job], _ seconds: Double) -> [Figure] {
        let processed = done.map(\.end.processed).reduce(0, +)
        var figures = [
            Figure("seconds", seconds, .lower), Figure("lots_per_second", Double(processed) / seconds, .higher),
            Figure("processed_lots", Double(processed), .higher),
            Figure("failed_lots", Double(done.map(\.end.failed).reduce(0, +)), .lower),
        ]
        // Only stages that were seen, in the order of the first job.
        for stage in done.first?.stages.order ?? [] {
            let times = done.compactMap { $0.stages.seconds(in: stage) }
            if !times.isEmpty { figures.append(Figure("\(stage)_seconds", RoundFigures.median(times), .lower)) }
        }
        return figures
    }

    private var settings: [(String, JSONValue)] {
        [
            ("lots", .int(lots)), ("images", .int(images)), ("jobs", .int(jobs)), ("languages", .string(languages)),
            pictures.setting,
        ]
    }
}
