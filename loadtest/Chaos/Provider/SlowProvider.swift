// Single lots whose answers take a random time, up to minutes. Thread: the lab's loop.
import Engine

struct SlowProvider {
    /// The contract's time for a synchronous request, and the margin within which a 504 may come, seconds.
    private static let requestSeconds = Limits.synchronousSeconds
    private static let marginSeconds = 15.0

    let lab: Lab
    let lots: Int
    let slowest: Double

    init(_ lab: Lab, lots: Int, slowest: Double) { (self.lab, self.lots, self.slowest) = (lab, lots, slowest) }

    func run() async throws {
        let instance = lab.instances[0]
        try await instance.killHard()
        try instance.launch()
        try await instance.becomesReady()
        try lab.setFaults(ProviderTrial.clean)
        try lab.setFaults(
            """
            {"seed": SEED, "routes": [{"route": "POST /v1/responses", "fault": "late", "seconds": 1,
                "seconds_max": \(slowest)}]}
            """)
        let job = lab.makeJob(lots: lots, languages: ["en", "de"])
        let asked = job.lots.filter { $0.error == nil }
        lab.progress.show("\(asked.count) single lots, each answer takes 1 to \(Int(slowest)) s")
        let replies = try await lab.loop.gather(asked) { try await self.describe($0, job) }
        // A call whose client has left is run and paid to its end.
        try await lab.loop.sleep(seconds: slowest / 10)
        let ledger = ProviderLedger(await lab.openAI.ledger()) { _ in true }
        lab.figure("slow_lots", asked.count)
        for (status, group) in Dictionary(grouping: replies, by: \.status).sorted(by: { $0.key < $1.key }) {
            lab.figure("slow_lots_\(status)", group.count)
        }
        lab.figure("slow_calls", lab.openAI.requests("POST /v1/responses"))
        lab.figure("slow_answers_paid_twice", ledger.paidTwice)
        lab.figure("slow_answers_of_one_lot_and_stage", ledger.mostOfOne)
        lab.figure("slow_seconds_of_the_first_504", replies.filter { $0.status == 504 }.map(\.seconds).min() ?? 0)
        lab.found("a lot was asked for twice", ledger.paidTwice)
        for reply in replies where reply.status != 200 {
            let isInTime = reply.status == 504 && reply.seconds >= Self.requestSeconds - Self.marginSeconds
            if !isInTime { lab.found("\(reply.status) after \(NumberText.short(reply.seconds)) s") }
        }
    }

    private func describe(_ lot: LabLot, _ job: LabJob) async throws -> (status: Int, seconds: Double) {
        let begun = Monotonic.seconds()
        let body: JSONValue = [
            "languages": JSONValue(job.languages), "lots": [lot.requestAlone],
        ]
        let reply = try await lab.client.send(
            "POST", lab.instances[0].baseURL + "/api/v1/generate-descriptions", signing: body.text, body: body.bytes,
            seconds: Self.requestSeconds + 60)
        return (reply?.status ?? 0, Monotonic.seconds() - begun)
    }
}
