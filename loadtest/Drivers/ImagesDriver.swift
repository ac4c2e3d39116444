// The service's rate of checking pictures. Thread: the driver's loop.
import ArgumentParser
import Engine

struct ImagesDriver: Driver {
    static let name = "images"
    static let abstract = "The rate at which a job's pictures are checked."
    static let discussion = """
        Makes a job of --lots lots with --images pictures each and times its stage image_prefetch through status polls \
        every 20 ms, so take enough pictures for some seconds. Then it cancels the job before the stage that costs \
        money (one lot may have been sent). For a useful rate serve the pictures with nginx and name them: \
        --images-url 'http://127.0.0.1:8080/{n}.jpg', files 0.jpg and so on.
        """

    /// Seconds between two polls of the job.
    private static let lookSeconds = 0.02

    @Option(help: "Lots.") var lots = 1000
    @Option(help: "Pictures per lot.") var images = 20
    @OptionGroup var pictures: PictureOptions
    @Option(help: "Rounds.") var count = 1
    @Option(help: "Time limit of one round, in seconds.") var wait = 600.0
    @Flag(help: "Wait for the job's end and report the number of usable pictures.") var toTheEnd = false

    func drive(_ bench: Bench) async throws -> DriverReport {
        try check(lots > 1 && images > 0 && count > 0, "--lots must be above 1, --images and --count above 0")
        var rounds = RoundFigures()
        try await pictures.open().using { addresses in
            for round in 1...count {
                var spec = BatchSpec(lots: lots, filling: .pictures(images), seed: round)
                spec.pictures = addresses
                rounds.add(try await one(round, spec, bench))
            }
        }
        var report = bench.report(ImagesDriver.name, settings)
        report.figures = rounds.medians
        report.notes = [
            "timed by status polls every \(Int(ImagesDriver.lookSeconds * 1000)) ms; medians of \(count) rounds"
        ]
        return report
    }

    private func one(_ round: Int, _ spec: BatchSpec, _ bench: Bench) async throws -> [Figure] {
        let body = try bench.make(spec)
        let use = bench.beginUse()
        let job = try await bench.client.submit(body)
        var times = StageTimes()
        let status = try await bench.client.wait(
            job, atMost: wait, pauseSeconds: ImagesDriver.lookSeconds,
            seen: { status in
                times.saw(status.stage, at: Monotonic.seconds())
                bench.progress.show("round \(round) of \(count): \(status.stage)")
            }, until: { _ in times.hasLeft("image_prefetch") })
        let server = use?.end() ?? []
        guard let seconds = times.seconds(in: "image_prefetch") else {
            throw DriverError(
                "the job was never seen in image_prefetch (now \(status.stage)): take more lots or pictures")
        }
        let figures = [
            Figure("images", Double(body.pictures)), Figure("prefetch_seconds", seconds, .lower),
            Figure("images_per_second", Double(body.pictures) / seconds, .higher),
        ]
        return figures + server + (try await end(job, bench))
    }

    private func end(_ job: String, _ bench: Bench) async throws -> [Figure] {
        guard toTheEnd else {
            try await bench.client.cancel(job)
            return []
        }
        let status = try await bench.client.wait(job, atMost: wait, until: { _ in false })
        return [
            Figure("processed_lots", Double(status.processed)), Figure("failed_lots", Double(status.failed), .lower),
        ]
    }

    private var settings: [(String, JSONValue)] {
        [
            ("lots", .int(lots)), ("images", .int(images)), ("count", .int(count)), ("to_the_end", .bool(toTheEnd)),
            pictures.setting,
        ]
    }
}

/// The times at which each stage of a job was seen. A value.
struct StageTimes: Sendable {
    private(set) var order: [String] = []
    private var first: [String: Double] = [:]
    private var left: [String: Double] = [:]

    mutating func saw(_ stage: String, at moment: Double) {
        guard order.last != stage else { return }
        if let last = order.last { left[last] = moment }
        order.append(stage)
        if first[stage] == nil { first[stage] = moment }
    }

    func hasLeft(_ stage: String) -> Bool { left[stage] != nil }

    /// From the first poll that showed the stage to the first that showed the next; nil if the stage was not seen.
    func seconds(in stage: String) -> Double? {
        guard let begin = first[stage], let end = left[stage] else { return nil }
        return end - begin
    }
}
