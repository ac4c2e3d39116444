// Random kills of the service under random faults of the table. Thread: the lab's loop.
import Engine

struct ProviderStorm {
    private static let jobs = 3
    private static let calmSeconds = 300.0
    /// Faults at a time, and seconds until the next choice.
    private static let faultsAtOnce = 6
    private static let waveSeconds = 4.0...10.0

    let lab: Lab
    let kills: Int
    let lots: Int
    let life: Double

    init(_ lab: Lab, kills: Int, lots: Int, life: Double) {
        (self.lab, self.kills, self.lots, self.life) = (lab, kills, lots, life)
    }

    func run() async throws {
        let instance = lab.instances[0]
        try await instance.killHard()
        try instance.launch()
        try await instance.becomesReady()
        let reaper = Reaper(lab, kills: kills, lifeSeconds: life) { random in
            let seed = Int.random(in: 1...1_000_000, using: &random)
            return ["CRASH_SEED": "\(seed)", "CRASH_PROBABILITY": "0.03"]
        }
        lab.progress.watch {
            "\(reaper.done) of \(kills) kills, \(lab.accepted.count) batches, \(lab.watch.openCount) of them open"
        }
        let feeding = LoopTask(on: lab.loop) { try await feed(reaper) }
        let waves = LoopTask(on: lab.loop) { try await change(reaper) }
        try await reaper.run()
        try await feeding.value()
        lab.figure("waves_of_faults", try await waves.value())
        try lab.setFaults(ProviderTrial.clean)
        try lab.setFaults(#"{"lines": [\#(LabLot.refusal)]}"#)
        try await lab.waitForAll(seconds: Self.calmSeconds)
        reaper.tell()
        try await judge(reaper)
    }

    private func feed(_ reaper: Reaper) async throws {
        repeat {
            while lab.watch.openCount < Self.jobs, !reaper.isDone { try await lab.submit(lab.makeJob(lots: lots)) }
            try await lab.loop.sleep(seconds: 0.1)
        } while !reaper.isDone
    }

    private func change(_ reaper: Reaper) async throws -> Int {
        var random = lab.random(2000)
        var waves = 0
        while !reaper.isDone {
            let routes = StormFaults.routes.shuffled(using: &random).prefix(Self.faultsAtOnce)
            let lines = StormFaults.lines.shuffled(using: &random).prefix(2)
            let batches = StormFaults.batches.shuffled(using: &random).prefix(1)
            try lab.setFaults(
                """
                {"seed": \(Int.random(in: 1...1_000_000, using: &random)),
                 "routes": [\(routes.joined(separator: ", "))],
                 "lines": [\(([LabLot.refusal] + lines).joined(separator: ", "))],
                 "batches": [\(batches.joined(separator: ", "))]}
                """)
            waves += 1
            try await lab.loop.sleep(seconds: Double.random(in: Self.waveSeconds, using: &random))
        }
        return waves
    }

    /// The audit of all scenarios, and the ledger by lot.
    private func judge(_ reaper: Reaper) async throws {
        // A kill may fall between a direct call's answer and its COMMIT, and replies of direct calls get lost.
        try await lab.audit(lostResponses: .max)
        let ledger = ProviderLedger(await lab.openAI.ledger()) { _ in true }
        lab.figure("answers_paid", ledger.lines + ledger.calls)
        var lost = 0
        for (job, id) in lab.accepted {
            let stored = try await lab.database.stored(of: id)
            let positions = Dictionary(uniqueKeysWithValues: job.lots.enumerated().map { ($0.element.id, $0.offset) })
            lost +=
                ledger.lost { answer in
                    guard let position = positions[answer.mark] else { return true }
                    return stored.contains("\(answer.isTranslation ? "translation" : "vision") \(position)")
                }.count
        }
        let lines = ledger.linesPaidTwice
        lab.figure("answers_lost", lost)
        lab.figure("lots_paid_twice_by_lines", lines)
        lab.figure("lots_paid_twice_by_direct_calls", ledger.paidTwice - lines)
        lab.found("answers lost", lost)
        lab.found("lots paid twice by lines", lines)
        // One lot per stage is asked for directly, and may be paid again per kill (RELIABILITY).
        lab.found("lots paid twice by direct calls", max(0, ledger.paidTwice - lines - reaper.done))
    }
}

/// Faults of the table that strike at random. Nothing here makes a lot fail.
enum StormFaults {
    private static func at(_ place: ProviderPlace, _ members: String, _ probability: Double) -> String {
        #"{"route": "\#(place.rawValue)", \#(members), "probability": \#(probability)}"#
    }

    static let routes: [String] =
        ProviderPlace.allCases.filter { $0 != .ask }.flatMap { place in
            GatewayForm.allCases.map { at(place, $0.json, 0.15) }
        }
        + [ProviderPlace.create, .upload, .cancel].flatMap { place in
            [
                at(place, #""fault": "lost_reply""#, 0.3), at(place, #""fault": "truncated""#, 0.3),
                at(place, #""fault": "html", "status": 504, "acts": true"#, 0.3),
                at(place, #""fault": "login", "acts": true"#, 0.3),
                at(place, #""fault": "late", "gateway": 504, "seconds": 0.2, "seconds_max": 2.5"#, 0.4),
            ]
        }
        + [
            at(.list, #""fault": "lag", "seconds": 2"#, 0.8), at(.list, #""fault": "odd_order""#, 0.8),
            at(.list, #""fault": "no_created_at""#, 0.8), at(.list, #""fault": "times_off", "seconds": -3600"#, 0.8),
            at(.list, #""fault": "ignores_after""#, 0.8), at(.poll, #""fault": "no_files""#, 0.3),
            at(.poll, #""fault": "no_counts""#, 0.3), at(.output, #""fault": "gzip""#, 0.5),
            at(.output, #""fault": "cut""#, 0.3), at(.output, #""fault": "truncated""#, 0.3),
            at(.output, #""fault": "html", "status": 200"#, 0.3),
            at(.output, #""fault": "error", "status": 200"#, 0.3),
            at(.output, #""fault": "redirect", "to": "path""#, 0.4),
            at(.output, #""fault": "redirect", "to": "host""#, 0.4),
            at(.ask, #""fault": "error", "status": 429, "retry_after": 0.2"#, 0.3),
            at(.ask, #""fault": "html", "status": 502"#, 0.2), at(.ask, #""fault": "drop""#, 0.2),
            at(.ask, #""fault": "late", "seconds": 0.5, "seconds_max": 3"#, 0.5),
        ]

    static let lines = [
        "commentary", "commentary_json", "content_text", "fenced", "bom", "doubled", "unknown_id", "usage_details",
    ].map { #"{"fault": "\#($0)", "probability": 0.3}"# }

    static let batches = [
        #"{"fault": "fail", "code": "token_limit_exceeded", "probability": 0.1}"#,
        #"{"fault": "fail", "code": "server_error", "probability": 0.05}"#,
        #"{"fault": "expire", "probability": 0.1}"#,
    ]
}
