// PostgreSQL is stopped while batches are under way, and is started again. Thread: the lab's loop.
import ArgumentParser
import Engine

struct DatabaseScenario: Scenario {
    static let name = "database"
    static let abstract = "PostgreSQL is stopped in the middle and started again."
    static let discussion = """
        Needs --database-stop and --database-start. While the database is down, requests must be refused at once; \
        afterwards every batch must continue by itself, in the same processes.
        """
    /// Limits on "at once" and on "continues by itself", in seconds.
    private static let refusalSecondsMax = 1.5
    private static let comebackSecondsMax = 10.0

    @Option(help: "Seconds that PostgreSQL is down.") var seconds = 60.0
    @Option(help: "Lots per batch.") var lots = 300
    @Option(help: "Batches.") var jobs = 6

    var settings: [(String, JSONValue)] {
        [("seconds", .double(seconds)), ("lots", .int(lots)), ("jobs", .int(jobs))]
    }
    var setup: LabSetup {
        var setup = LabSetup()
        setup.batchSeconds = 20
        return setup
    }

    func run(_ lab: Lab) async throws {
        guard let stop = lab.options.databaseStop, let start = lab.options.databaseStart else {
            throw DriverError("the scenario needs --database-stop and --database-start")
        }
        for _ in 0..<jobs { try await lab.submit(lab.makeJob(lots: lots)) }
        try await lab.until("the provider has them", seconds: 120) {
            // A job whose images are still being checked has stored no progress: it starts that stage again.
            let isEarly = !Set(lab.watch.stages).isDisjoint(with: ["queued", "image_prefetch"])
            return (lab.openAI.batches.count >= jobs && !isEarly) || lab.watch.openCount < jobs
        }
        let open = lab.watch.openCount
        lab.progress.show("stopping PostgreSQL with \(open) batches under way")
        try await lab.shell(stop)
        try await absence(lab)
        try await lab.shell(start)
        let back = Timestamp.now().seconds
        let job = lab.makeJob(lots: lots)
        try await lab.submit(job)
        lab.figure("seconds_to_the_next_201", Timestamp.now().seconds - back)
        try await lab.waitForAll(seconds: 300)
        try await comeback(lab, since: back, open)
        for instance in lab.instances where instance.process?.poll() != nil { lab.found("\(instance.name) has ended") }
        try await lab.audit()
    }

    /// Sends requests in a loop; each must be refused.
    private func absence(_ lab: Lab) async throws {
        var (refused, slowest) = (0, 0.0)
        let end = Monotonic.seconds() + seconds
        // A reply that began before the database stopped may still arrive.
        try await lab.loop.sleep(seconds: 1)
        lab.progress.watch { "PostgreSQL is away, \(Int(end - Monotonic.seconds())) s more" }
        let job = lab.makeJob(lots: 2)
        while Monotonic.seconds() < end {
            for instance in lab.instances {
                let begun = Monotonic.seconds()
                let reply = try await lab.client.post(job, to: instance.baseURL)
                slowest = max(slowest, Monotonic.seconds() - begun)
                if reply?.status == 503 { refused += 1 } else { lab.found("not 503 without a database") }
            }
            try await lab.loop.sleep(seconds: 0.5)
        }
        lab.figure("refused_meanwhile", refused)
        lab.figure("slowest_refusal_seconds", slowest)
        if slowest > Self.refusalSecondsMax { lab.found("a refusal took \(NumberText.short(slowest)) s") }
    }

    private func comeback(_ lab: Lab, since back: Double, _ open: Int) async throws {
        let known = Set(lab.accepted.dropLast().map(\.id))
        let waits = try await lab.database.database.query(LabQueries.firstChanges, [.double(back)])
            .filter { known.contains($0.text(0)) }.map { $0.double(1) }
        lab.figure("batches_open_at_the_stop", open)
        lab.figure("batches_that_went_on", waits.count)
        lab.figure("first_batch_went_on_after_seconds", waits.min() ?? 0)
        lab.figure("last_batch_went_on_after_seconds", waits.max() ?? 0)
        lab.found("batches continued later than 10 s", waits.count { $0 > Self.comebackSecondsMax })
    }
}
