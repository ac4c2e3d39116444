// Instances are killed at random while they process batches and the provider fails. Thread: the lab's loop.
import ArgumentParser
import Engine

struct KillsScenario: Scenario {
    static let name = "kills"
    static let abstract = "Random kills of all instances, over all stages, with a provider that misbehaves."
    static let discussion = """
        Every life of an instance ends with SIGKILL: from outside at a random moment, or by itself at a random crash \
        point. Some rests are so long that other instances take the work over. Meanwhile the provider loses replies, \
        answers 429, 5xx and HTML, resets connections and truncates answers, and backends of the database are killed.
        """

    @Option(help: "Kills in total.") var kills = 200
    @Option(help: "Lots per batch.") var lots = 300
    @Option(help: "Batches under way at the same time.") var jobs = 3
    @Option(help: "Instances.") var instances = 2
    @Option(help: "The longest life of an instance, seconds.") var life = 3.0
    @Option(help: "Seconds that the batches may take after the last kill.") var wait = 300.0

    var settings: [(String, JSONValue)] {
        [
            ("kills", .int(kills)), ("lots", .int(lots)), ("jobs", .int(jobs)), ("instances", .int(instances)),
            ("life", .double(life)),
        ]
    }

    var setup: LabSetup {
        var setup = LabSetup()
        setup.instances = instances
        // A life is shorter than the ten seconds of silence after which others take over, so these are scaled down too:
        // else no batch would get on until the last kill.
        setup.settings = ["CRASH_SILENT": "1"]
        setup.faults = """
            {"seed": SEED, "lines": [\(LabLot.refusal), {"fault": "doubled", "probability": 0.02},
                {"fault": "unknown_id", "probability": 0.02}],
             "batches": [{"fault": "fail", "code": "token_limit_exceeded", "probability": 0.03}],
             "routes": [{"route": "POST /v1/batches", "fault": "lost_reply", "probability": 0.15},
                {"route": "POST /v1/files", "fault": "lost_reply", "probability": 0.05},
                {"route": "POST /v1/files", "fault": "slow", "seconds": 0.3, "probability": 0.2},
                {"route": "POST /v1/batches", "fault": "slow", "seconds": 0.3, "probability": 0.2},
                {"route": "*", "fault": "status", "status": 429, "retry_after": 0.2, "probability": 0.02},
                {"route": "*", "fault": "status", "status": 500, "probability": 0.02},
                {"route": "*", "fault": "html", "status": 502, "probability": 0.01},
                {"route": "*", "fault": "drop", "probability": 0.02},
                {"route": "GET /v1/files/{id}/content", "fault": "truncated", "probability": 0.05},
                {"route": "POST /v1/batches", "fault": "truncated", "probability": 0.05}]}
            """
        return setup
    }

    func run(_ lab: Lab) async throws {
        let reaper = Reaper(lab, kills: kills, lifeSeconds: life) { random in
            let seed = Int.random(in: 1...1_000_000, using: &random)
            return ["CRASH_SEED": "\(seed)", "CRASH_PROBABILITY": "0.04"]
        }
        lab.progress.watch {
            "\(reaper.done) of \(kills) kills, \(lab.accepted.count) batches, \(lab.watch.openCount) of them open"
        }
        let feeding = LoopTask(on: lab.loop) { try await feed(lab, reaper) }
        let backends = LoopTask(on: lab.loop) { try await endBackends(lab, reaper) }
        try await reaper.run()
        try await feeding.value()
        let ended = try await backends.value()
        try await lab.waitForAll(seconds: wait)
        reaper.tell()
        lab.figure("backends_ended", ended)
        // A kill may fall between the answer for the single lot sent ahead and its COMMIT.
        try await lab.audit(lostResponses: reaper.done)
    }

    private func feed(_ lab: Lab, _ reaper: Reaper) async throws {
        repeat {
            while lab.watch.openCount < jobs { try await lab.submit(lab.makeJob(lots: lots)) }
            try await lab.loop.sleep(seconds: 0.1)
        } while !reaper.isDone
    }

    private func endBackends(_ lab: Lab, _ reaper: Reaper) async throws -> Int {
        var random = lab.random(1000)
        var ended = 0
        while !reaper.isDone {
            try await lab.loop.sleep(seconds: Double.random(in: 3...8, using: &random))
            ended += try await lab.database.killBackends()
        }
        return ended
    }
}
