// Many equal requests with one Idempotency-Key at the same time, over all instances. Thread: the lab's loop.
import ArgumentParser
import Engine

struct KeysScenario: Scenario {
    static let name = "keys"
    static let abstract = "Many equal POSTs with one Idempotency-Key at once: one job."
    static let discussion = """
        Each instance gets half of them; a request that must wait is sent again. Then the same once more, with a kill \
        of the first instance meanwhile.
        """

    @Option(help: "Requests at the same time.") var requests = 500
    @Option(help: "Lots in the batch.") var lots = 20

    var settings: [(String, JSONValue)] { [("requests", .int(requests)), ("lots", .int(lots))] }
    var setup: LabSetup { LabSetup() }

    /// Answers to the first attempt, and the job ids of all final answers.
    private final class Answers {
        var first: [String: Int] = [:]
        var jobs: [String: Int] = [:]
    }

    func run(_ lab: Lab) async throws {
        lab.progress.show("\(requests) requests with one key")
        let calm = try await storm(lab, lab.makeJob(lots: lots), killing: nil)
        for (answer, count) in calm.first.sorted(by: { $0.key < $1.key }) {
            lab.figure("first_answers_\(answer)", count)
        }
        lab.figure("jobs_told", calm.jobs.count)
        lab.progress.show("\(requests) requests with one key, and a kill")
        let killed = try await storm(lab, lab.makeJob(lots: lots), killing: lab.instances[0])
        for (answer, count) in killed.first.sorted(by: { $0.key < $1.key }) {
            lab.figure("first_answers_with_a_kill_\(answer)", count)
        }
        lab.figure("jobs_told_with_a_kill", killed.jobs.count)
        try await lab.waitForAll(seconds: 120)
        // Counts the jobs in the database too: one per key.
        try await lab.audit()
    }

    private func storm(_ lab: Lab, _ job: LabJob, killing victim: Instance?) async throws -> Answers {
        let answers = Answers()
        let urls = lab.instances.map(\.baseURL)
        let killing = LoopTask(on: lab.loop) {
            guard let victim else { return }
            try await lab.until("something was answered", seconds: 60) { !answers.first.isEmpty }
            try await victim.killHard()
            try victim.launch()
            try await victim.becomesReady()
        }
        _ = try await lab.loop.gather(Array(0..<requests)) { number in
            let reply = try await lab.client.post(job, to: urls[number % urls.count])
            answers.first[reply.map { "\($0.status)" } ?? "none", default: 0] += 1
            let id: String
            if let told = reply.flatMap({ $0.status == 201 ? try? JSONValue.parse($0.body) : nil }) {
                id = told["job_id"]?.string ?? "nothing"
            } else {
                id = try await lab.client.submit(job, to: { lab.upURLs.shuffled() }, patience: 120)
            }
            answers.jobs[id, default: 0] += 1
        }
        try await killing.value()
        lab.found("jobs of one key", answers.jobs.count - 1)
        if let id = answers.jobs.keys.first { lab.accept(job, id) }
        return answers
    }
}
