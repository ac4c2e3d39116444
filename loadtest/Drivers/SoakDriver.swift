// Minutes of mixed load: does the server's usage grow? Thread: the driver's loop; receivers and pictures have their own
// loops.
import ArgumentParser
import Engine

struct SoakDriver: Driver {
    static let name = "soak"
    static let abstract = "Minutes of mixed work; the server's memory, descriptors and threads must stay level."
    static let discussion = """
        Sends polls at a fixed rate, batches with webhooks one after the other (and reads their results), single lots, \
        and damaged requests for --minutes. Level means: the median of the last quarter is at most that of the second \
        quarter plus a tolerance; more is an error. Needs --pid, and `loadtest openai` as the service's OpenAI.
        """

    @Option(help: "Duration in minutes.") var minutes = 10.0
    @Option(help: "Polls per second.") var rate = 50.0
    @Option(help: "Lots per batch.") var lots = 200
    @Option(help: "Batches at the same time.") var batches = 2
    @Option(help: "Damaged requests at the same time.") var damaged = 4
    @Option(help: "Allowed growth of resident memory, in percent.") var memoryTolerance = 10.0
    @Option(help: "Allowed growth of open descriptors.") var descriptorTolerance = 16.0
    @Option(help: "Allowed growth of threads.") var threadTolerance = 4.0
    @Option(help: "The numeric address on which this process receives webhooks.") var host = "127.0.0.1"
    @Option(help: "Time limit of one batch, in seconds.") var wait = 300.0
    @OptionGroup var pictures: PictureOptions

    func drive(_ bench: Bench) async throws -> DriverReport {
        try check(minutes > 0 && rate > 0 && lots > 1 && batches > 0 && damaged > 0, "all numbers must be above zero")
        try check(!bench.serverSamples.isEmpty, "a soak needs the server's process: name it with --pid")
        let (host, key) = (host, bench.target.key)
        let stand = try await Beside.start("receiver") { loop in
            var options = WebhooksOptions()
            options.sharedKey = key
            options.bodyBytesKept = 0
            return try WebhooksSimulator.start(on: loop, host: host, options: options)
        }
        let result: Result<DriverReport, any Error>
        do {
            let port = try await stand.run { stand, _ in stand.port }
            let hook = "http://\(host.contains(":") ? "[\(host)]" : host):\(port)/ok/"
            result = .success(
                try await pictures.open().using { addresses in
                    let work = SoakWork(bench, addresses, hook: hook, options: self)
                    return report(bench, try await work.run())
                })
        } catch { result = .failure(error) }
        await stand.close { await $0.close() }
        return try result.get()
    }

    private func report(_ bench: Bench, _ outcome: SoakWork.Outcome) -> DriverReport {
        var report = bench.report(SoakDriver.name, settings)
        report.figures = outcome.figures
        report.errors = outcome.errors
        report.add("polls", outcome.polls.recorder)
        report.add("single lots", outcome.lots.recorder, prefix: "single_lot_")
        let tolerance = SoakTolerance(
            memoryPercent: memoryTolerance, descriptors: descriptorTolerance, threads: threadTolerance)
        let samples = bench.serverSamples.filter { outcome.span.contains($0.at) }
        if let verdict = SoakVerdict(samples, within: tolerance) {
            report.figures += verdict.figures
            report.errors.merge(verdict.errors) { $0 + $1 }
        } else {
            report.errors["too short for a verdict on the server", default: 0] += 1
        }
        report.series = [
            Series(name: "Open descriptors", unit: "", points: points(samples, \.descriptors)),
            Series(name: "Threads", unit: "", points: points(samples, \.threads)),
        ]
        report.notes = ["level: the last quarter's median beside the second's"]
        return report
    }

    private func points(_ samples: [ServerSample], _ value: KeyPath<ServerSample, Int>) -> [Series.Point] {
        samples.map { Series.Point(at: $0.at, value: Double($0[keyPath: value])) }
    }

    private var settings: [(String, JSONValue)] {
        [
            ("minutes", .double(minutes)), ("rate", .double(rate)), ("lots", .int(lots)), ("batches", .int(batches)),
            ("damaged", .int(damaged)), ("memory_tolerance", .double(memoryTolerance)),
            ("descriptor_tolerance", .double(descriptorTolerance)), ("thread_tolerance", .double(threadTolerance)),
            pictures.setting,
        ]
    }
}
