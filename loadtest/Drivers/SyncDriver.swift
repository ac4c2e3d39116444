// Single lots that are described while their sender waits. Thread: the driver's loop.
import ArgumentParser
import Engine

struct SyncDriver: Driver {
    static let name = "sync"
    static let abstract = "Single lots, described while the sender waits."
    static let discussion = """
        A closed loop over --connections, or an open one with --rate. The service asks its OpenAI for each lot, so \
        that should be `loadtest openai`: with a real one this costs money.
        """

    /// Bodies that differ, sent in turn.
    private static let bodies = 64

    @Option(help: "Connections.") var connections = 8
    @Option(help: "Lots a second, on a fixed beat; without it as many as fit.") var rate: Double?
    @Option(help: "Seconds that are measured.") var seconds = 10.0
    @Option(help: "Seconds that go before and are not measured.") var warmUp = 0.0
    @Option(help: "Lots at most.") var count: Int?
    @Option(help: "Pictures of each lot.") var images = 2
    @Option(help: "Languages, separated by commas.") var languages = "en"
    @OptionGroup var pictures: PictureOptions
    @Option(help: "Seconds that the last answers are waited for.") var timeout = 300.0

    func drive(_ bench: Bench) async throws -> DriverReport {
        try check(connections > 0 && seconds > 0 && images > 0, "--connections, --seconds and --images are above zero")
        try check(rate.map { $0 > 0 } ?? true, "--rate is above zero")
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
