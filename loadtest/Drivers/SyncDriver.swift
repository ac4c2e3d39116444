// Single lots, described within the request. Thread: the driver's loop.
import ArgumentParser
import Engine

struct SyncDriver: Driver {
    static let name = "sync"
    static let abstract = "Single lots, described within the request."
    static let discussion = """
        A closed loop over --connections, or an open one with --rate. The service sends each lot to its OpenAI, which \
        should be `loadtest openai`: a real one costs money.
        """

    /// Different bodies, sent in turn.
    private static let bodies = 64

    @Option(help: "Connections.") var connections = 8
    @Option(help: "Lots per second at a fixed rate; default: full speed.") var rate: Double?
    @Option(help: "Seconds to measure.") var seconds = 10.0
    @Option(help: "Seconds before the measurement.") var warmUp = 0.0
    @Option(help: "Maximum number of lots.") var count: Int?
    @Option(help: "Pictures per lot.") var images = 2
    @Option(help: "Languages, separated by commas.") var languages = "en"
    @OptionGroup var pictures: PictureOptions
    @Option(help: "Seconds to wait for the last answers.") var timeout = 300.0

    func drive(_ bench: Bench) async throws -> DriverReport {
        try check(connections > 0 && seconds > 0 && images > 0, "--connections, --seconds, --images must be above zero")
        try check(rate.map { $0 > 0 } ?? true, "--rate must be above zero")
        let use = bench.beginUse()
        let outcome = try await pictures.open().using { addresses in
            try await bench.run(try plan(addresses, bench), showing: "lots")
        }
        var report = bench.report(SyncDriver.name, settings)
        report.figures = [Figure("lots_per_second", outcome.rate, rate == nil ? .higher : .neither)]
        report.add("single lots", outcome.recorder)
        report.add(outcome, use, per: "lot")
        return report
    }

    private func plan(_ addresses: PictureAddresses, _ bench: Bench) throws -> LoadPlan {
        let requests = try (0..<SyncDriver.bodies).map { number in
            var spec = BatchSpec(
                lots: 1, filling: .pictures(images), seed: number, languages: languageList(languages))
            spec.pictures = addresses
            return try bench.make(spec).request(for: bench.target)
        }
        var plan = LoadPlan(requests: requests)
        (plan.connections, plan.rate, plan.seconds, plan.warmUpSeconds) = (connections, rate, seconds, warmUp)
        (plan.countMax, plan.timeoutSeconds, plan.what) = (count ?? .max, timeout, "single lot")
        return plan
    }

    private var settings: [(String, JSONValue)] {
        [
            ("connections", .int(connections)), ("rate", rate.map { .double($0) } ?? "closed loop"),
            ("seconds", .double(seconds)), ("warm_up", .double(warmUp)), ("images", .int(images)),
            ("languages", .string(languages)), pictures.setting,
        ]
    }
}
