// The service dies at each of its named crash points in turn. Thread: the lab's loop.
import ArgumentParser
import Engine

struct PointsScenario: Scenario {
    static let name = "points"
    static let abstract = "Dies once at each crash point on a batch's way: beside every commit and outside call."
    static let discussion = """
        One instance, restarted after each death with the remaining points; batches are sent until each point was met. \
        Replies to uploads and creations get lost, batches fail, and some are cancelled, so that the recovery paths \
        are covered as well.
        """

    @Option(help: "Lots per batch.") var lots = 60
    @Option(help: "Number of points, chosen by the seed; 0: all.") var count = 0
    @Option(help: "Only these points, separated by commas.") var only: String?
    @Option(help: "Time limit, in seconds.") var limit = 1200.0

    var settings: [(String, JSONValue)] {
        [("lots", .int(lots)), ("count", .int(count)), ("only", only.map { .string($0) } ?? .null)]
    }

    var setup: LabSetup {
        var setup = LabSetup()
        setup.instances = 1
        setup.batchSeconds = 2
        setup.settings = ["CRASH_SILENT": "2"]
        return setup
    }

    /// Each round meets these once: a failed batch of one line is made again, a larger one is split into two halves.
    private static let faults = """
        {"seed": SEED,
         "routes": [{"route": "POST /v1/files", "fault": "lost_reply", "times": 1},
                    {"route": "POST /v1/batches", "fault": "lost_reply", "times": 1},
                    {"route": "POST /v1/responses", "fault": "lost_reply", "times": 1}],
         "lines": [\(LabLot.refusal)],
         "batches": [{"fault": "fail", "code": "file_lost", "max_lines": 1, "times": 1},
                     {"fault": "fail", "code": "file_lost", "min_lines": 2, "times": 3}]}
        """

    #if CRASH_POINTS
    /// The points on a batch's usual path; the others have their own scenario.
    static let points = CrashPoint.names.filter { !EdgesScenario.points.contains($0) }

    func run(_ lab: Lab) async throws {
        let tour = try CrashTour.plan(lab, of: Self.points, count: count, only: only)
        let deadline = Monotonic.seconds() + limit
        try await lab.instances[0].killHard()
        lab.progress.watch { tour.progress }
        var rounds = 0
        while !tour.left.isEmpty, Monotonic.seconds() < deadline {
            try lab.setFaults(Self.faults)
            rounds += 1
            tour.lostResponses += 1
            try await tour.during {
                try await sendSome(lab, tour)
                try await lab.until("the batches have ended", seconds: limit) { lab.watch.openCount == 0 }
            }
        }
        lab.figure("rounds", rounds)
        // It may still die at its last point.
        try await tour.during { try await tour.end() }
    }

    /// Cancels two batches, one before it exists at the provider and one after; completes two, one of them of a single
    /// lot.
    private func sendSome(_ lab: Lab, _ tour: CrashTour) async throws {
        let early = try await lab.submit(lab.makeJob(lots: lots))
        let late = try await lab.submit(lab.makeJob(lots: lots))
        tour.cancelled.formUnion([early, late])
        try await lab.submit(lab.makeJob(lots: lots))
        try await lab.submit(lab.makeJob(lots: 1))
        try await lab.until("the batch can be cancelled", seconds: limit) {
            !["queued", "image_prefetch"].contains(lab.watch.stage(of: early))
        }
        try await lab.cancel(early)
        // A failed batch would cost nothing.
        try await lab.until("the provider works on the batch", seconds: limit) {
            if lab.watch.hasEnded(late) { return true }
            // Asks the provider itself: the service polls so rarely that it may never see the batch in progress.
            let ours = try await lab.database.submitted(late)
            let atWork = (await lab.openAI.state()["batches"]?.array ?? []).filter { $0["status"] == "in_progress" }
            return atWork.contains { ours.contains($0["id"]?.string ?? "") }
        }
        try await lab.cancel(late)
    }
    #else
    func run(_ lab: Lab) async throws {
        throw DriverError("this build has no crash points: take a debug build, or give it -Xswiftc -DCRASH_POINTS")
    }
    #endif
}
