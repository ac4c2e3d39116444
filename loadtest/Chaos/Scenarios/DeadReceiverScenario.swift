// One receiver in a hundred never answers: it must not delay the others. Thread: the lab's loop.
import ArgumentParser
import Engine

struct DeadReceiverScenario: Scenario {
    static let name = "dead-receiver"
    static let abstract = "One dead receiver among a hundred: how long the others wait."
    static let discussion = """
        Alternates rounds with all receivers alive and rounds with one that accepts connections and never answers. A \
        job is cancelled, which is announced to every receiver several times; latencies count from the cancel.
        """
    /// Allowed growth of the others' p99: noise of a shared machine.
    private static let growthMax = 1.5
    private static let slackSeconds = 0.1

    @Option(help: "Receivers, each on its own port.") var receivers = 100
    @Option(help: "Deliveries per receiver and round.") var deliveries = 20
    @Option(help: "Rounds of each kind.") var rounds = 3

    var settings: [(String, JSONValue)] {
        [("receivers", .int(receivers)), ("deliveries", .int(deliveries)), ("rounds", .int(rounds))]
    }
    var setup: LabSetup {
        var setup = LabSetup()
        setup.settings = ["WEBHOOK_TIMEOUT": "4", "WEBHOOK_MAX_RETRIES": "2"]
        setup.batchSeconds = 3600
        return setup
    }

    func run(_ lab: Lab) async throws {
        let stands = try (0..<receivers).map { _ in try WebhooksSimulator.start(on: lab.loop) }
        let result: Result<Void, any Error>
        do { result = .success(try await compare(lab, stands)) } catch { result = .failure(error) }
        for stand in stands { await stand.close() }
        try result.get()
    }

    private func compare(_ lab: Lab, _ stands: [WebhooksSimulator]) async throws {
        var (alive, dead): ([Double], [Double]) = ([], [])
        for round in 1...rounds {
            lab.progress.show("round \(round) of \(rounds), all alive")
            alive.append(try await self.round(lab, stands, withDead: false))
            lab.progress.show("round \(round) of \(rounds), one dead")
            dead.append(try await self.round(lab, stands, withDead: true))
        }
        let (before, after) = (RoundFigures.median(alive), RoundFigures.median(dead))
        lab.figure("p99_all_alive_ms", before * 1000)
        lab.figure("p99_of_the_others_with_one_dead_ms", after * 1000)
        lab.figure("ratio", after / max(before, 0.001))
        if after > before * Self.growthMax + Self.slackSeconds { lab.found("the others waited longer") }
    }

    /// The p99 of the living receivers' arrivals after the cancel, in seconds.
    private func round(_ lab: Lab, _ stands: [WebhooksSimulator], withDead: Bool) async throws -> Double {
        let job = lab.makeJob(lots: receivers * deliveries, languages: ["en"]) { number in
            (0..<receivers * deliveries).map { index in
                let stand = stands[index % receivers]
                let way = withDead && index % receivers == 0 ? "hang" : "ok"
                return "\(stand.baseURL)/\(way)/\(number)-\(index)"
            }
        }
        let living = stands.dropFirst(withDead ? 1 : 0)
        let before = living.map(\.deliveries.count)
        let id = try await lab.submit(job)
        let begun = Timestamp.now().seconds
        try await lab.cancel(id)
        try await lab.until("the living were told", seconds: 120) {
            zip(living, before).allSatisfy { stand, count in stand.deliveries.count - count >= deliveries }
        }
        var histogram = LatencyHistogram()
        for (stand, count) in zip(living, before) {
            for arrival in stand.deliveries.dropFirst(count) { histogram.record(seconds: arrival.arrivedAt - begun) }
        }
        try await lab.waitForAll(seconds: 120)
        return Double(histogram.percentile(0.99)) / 1e9
    }
}
