// The provider as it is: slow, behind gateways, odd. A table of faults, each with the ledger's verdict; then random
// kills under random faults; then answers that take 1 to 250 s. Thread: the lab's loop.
import ArgumentParser
import Engine

struct ProviderScenario: Scenario {
    static let name = "provider"
    static let abstract = "A provider that is slow, behind a gateway, or odd: what was paid, twice, lost or booked."
    static let discussion = """
        Runs the table of faults: for each a job, a cancelled job or a single lot against a fresh process, with the \
        verdict of the provider's ledger: batches made twice, lines paid twice, answers lost, tokens not booked, calls \
        by place. Then kills the process at random under random faults, and asks for lots whose answers take up to \
        250 s.
        """

    @Option(help: "Parts, separated by commas: table, kills, slow.") var parts = "table,kills,slow"
    @Option(help: "Groups of the table, separated by commas. Default: all.") var groups: String?
    @Option(help: "Only cases whose name contains this.") var only: String?
    @Option(help: "Number of cases, chosen by the seed; 0: all.") var count = 0
    @Option(help: "Kills in total.") var kills = 100
    @Option(help: "Lots per batch under kills.") var lots = 60
    @Option(help: "The longest life of the instance, seconds.") var life = 4.0
    @Option(help: "Single lots with slow answers.") var slowLots = 40
    @Option(help: "The longest time of a slow answer, seconds.") var slowest = 250.0

    var settings: [(String, JSONValue)] {
        [
            ("parts", .string(parts)), ("groups", groups.map { .string($0) } ?? .null), ("count", .int(count)),
            ("only", only.map { .string($0) } ?? .null), ("kills", .int(kills)), ("lots", .int(lots)),
            ("slow_lots", .int(slowLots)), ("slowest", .double(slowest)),
        ]
    }

    var setup: LabSetup {
        var setup = LabSetup()
        setup.instances = 1
        setup.batchSeconds = 0.6
        // Polls, silence and settling are as much shorter than in earnest as the faults are.
        setup.settings = [
            "CRASH_SILENT": "1", "WORKER_POLL_INTERVAL": "\(ProviderTrial.pollSeconds)",
            "OPENAI_SETTLE": "\(ProviderTrial.settleSeconds)",
        ]
        return setup
    }

    func run(_ lab: Lab) async throws {
        let wanted = parts.split(separator: ",").map(String.init)
        for part in wanted { try check(["table", "kills", "slow"].contains(part), "there is no part '\(part)'") }
        if wanted.contains("table") { try await table(lab) }
        if wanted.contains("kills") {
            await lab.beginAnew()
            try await ProviderStorm(lab, kills: kills, lots: lots, life: life).run()
        }
        if wanted.contains("slow") {
            await lab.beginAnew()
            try await SlowProvider(lab, lots: slowLots, slowest: slowest).run()
        }
    }

    private func table(_ lab: Lab) async throws {
        var cases = try ProviderTable.cases(groups?.split(separator: ",").map(String.init), matching: only)
        if count > 0 {
            var random = lab.random(0)
            cases = Array(cases.shuffled(using: &random).prefix(count))
        }
        var results: [ProviderResult] = []
        for row in cases {
            lab.progress.show("\(results.count + 1) of \(cases.count): \(row.name)")
            results.append(try await ProviderTrial(lab, row).run())
        }
        ProviderTally(results).tell(lab)
    }
}
