// A thousand webhooks, many to receivers that fail, while the senders are killed. Thread: the lab's loop.
import ArgumentParser
import Engine

struct DeliveriesScenario: Scenario {
    static let name = "deliveries"
    static let abstract = "Many deliveries, 30 % to receivers that fail, while the instances are killed."
    static let discussion = """
        One in four receivers fails one to three times before it accepts its delivery, one in twenty always fails, \
        others are slow. Every delivery must arrive and end correctly; a repeat must have the same webhook-id and the \
        same bytes.
        """

    @Option(help: "Deliveries in total.") var deliveries = 1000
    @Option(help: "Kills in total.") var kills = 20
    @Option(help: "Deliveries per batch: each lot has its own receiver.") var lots = 100
    @Option(help: "The longest life of an instance, seconds.") var life = 3.0

    var settings: [(String, JSONValue)] {
        [("deliveries", .int(deliveries)), ("kills", .int(kills)), ("lots", .int(lots)), ("life", .double(life))]
    }
    var setup: LabSetup {
        var setup = LabSetup()
        setup.settings = ["WEBHOOK_RETRY_BASE": "0.3"]
        setup.batchSeconds = 0.5
        return setup
    }

    /// Crash points of the lives that end by themselves.
    private static let points = [
        "deliveriesTaken", "attemptBeginning", "attemptBegun", "attemptAnswered", "attemptCommitting",
        "attemptCommitted", "endCommitting", "endCommitted",
    ]

    func run(_ lab: Lab) async throws {
        let reaper = Reaper(lab, kills: kills, lifeSeconds: life) { random in
            let point = Self.points.randomElement(using: &random) ?? ""
            return ["CRASH_AT": "\(point):\(Int.random(in: 1...40, using: &random))"]
        }
        lab.progress.watch { "\(reaper.done) of \(kills) kills, \(lab.webhooks.deliveries.count) arrivals" }
        let batches = (deliveries + lots - 1) / lots
        let sending = LoopTask(on: lab.loop) {
            for number in 0..<batches {
                // Spread over the duration of the kills.
                try await lab.until("the next batch is due", seconds: 600) {
                    reaper.isDone || reaper.done * batches >= number * kills
                }
                try await lab.submit(lab.makeJob(lots: lots, languages: ["en"]) { hooks(lab.webhooks.baseURL, $0) })
            }
        }
        // The first delivery follows the first job's end.
        try await lab.until("the first deliveries arrive", seconds: 120) { !lab.webhooks.deliveries.isEmpty }
        try await reaper.run()
        try await sending.value()
        try await lab.waitForAll(seconds: 300)
        reaper.tell()
        try await lab.audit()
    }

    private func hooks(_ base: String, _ job: Int) -> [String] {
        (0..<lots).map { number in
            switch number % 20 {
            case 0: "\(base)/status/500/\(job)-\(number)"
            case 1..<6: "\(base)/fail/\(number % 3 + 1)/\(job)-\(number)"
            case 6..<14: "\(base)/slow/0.2/\(job)-\(number)"
            default: "\(base)/ok/\(job)-\(number)"
            }
        }
    }
}
