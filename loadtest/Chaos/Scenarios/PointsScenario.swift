// The service dies at each of its named crash points, one after the other. Thread: the lab's loop.
import ArgumentParser
import Engine

struct PointsScenario: Scenario {
    static let name = "points"
    static let abstract = "Dies once at each named crash point: before and after every commit and outside call."
    static let discussion = """
        One instance, started again after each death with the points that are still to come; batches are sent until \
        each has been met. Replies to uploads and creations get lost, batches fail, some are cancelled, so that the \
        ways back are gone as well.
        """

    @Option(help: "Lots of each batch.") var lots = 60
    @Option(help: "Only so many of the points, chosen by the seed; 0: all.") var count = 0
    @Option(help: "Only these points, separated by commas.") var only: String?
    @Option(help: "Seconds for all of it.") var limit = 1200.0

    var settings: [(String, JSONValue)] {
        [("lots", .int(lots)), ("count", .int(count)), ("only", only.map { .string($0) } ?? .null)]
    }

    var setup: LabSetup {
        var setup = LabSetup()
        setup.instances = 1
        setup.batchSeconds = 2
        return setup
    }

    /// Each round meets these once: a batch that failed is made anew of one line, and of two halves if it has more.
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
    /// What is to be met, and the batches that serve it.
    private final class Tour {
        var left: [String]
        var cancelled: Set<String> = []
        /// Rounds of batches; each loses one reply to POST /v1/responses.
        var rounds = 0
        init(_ points: [String]) { left = points }
    }

    func run(_ lab: Lab) async throws {
        let points = try chosen(lab)
        let (tour, deadline) = (Tour(points), Monotonic.seconds() + limit)
        try await lab.instances[0].killHard()
        while !tour.left.isEmpty, Monotonic.seconds() < deadline {
            try lab.setFaults(Self.faults)
            tour.rounds += 1
            lab.progress.watch {
                "\(points.count - tour.left.count) of \(points.count) points, next \(tour.left.first ?? "none")"
            }
            let batches = LoopTask(on: lab.loop) {
                try await sendSome(lab, tour)
                try await lab.until("the batches have ended", seconds: limit) { lab.watch.openCount == 0 }
            }
            var isOver = false
            let watching = LoopTask(on: lab.loop) {
                defer { isOver = true }
                try await batches.value()
            }
            while !isOver { try await live(lab, tour) { isOver } }
            try await watching.value()
        }
        lab.figure("crash_points", points.count)
        lab.figure("crash_points_met", points.count - tour.left.count)
        for point in tour.left { lab.found("crash point \(point) was not met") }
        try await lab.waitForAll(seconds: 180)
        try await lab.audit(cancelled: tour.cancelled, lostResponses: tour.rounds)
    }

    private func chosen(_ lab: Lab) throws -> [String] {
        let all = CrashPoint.allCases.map(\.rawValue)
        if let only {
            let names = only.split(separator: ",").map(String.init)
            for name in names { try check(all.contains(name), "there is no crash point \(name)") }
            return names
        }
        var random = lab.random(0)
        return count > 0 ? Array(all.shuffled(using: &random).prefix(count)) : all
    }

    /// Two batches to be cancelled, before the provider has them and when it does, and two to be completed, one of them
    /// of a single lot.
    private func sendSome(_ lab: Lab, _ tour: Tour) async throws {
        let early = try await lab.submit(lab.makeJob(lots: lots))
        let late = try await lab.submit(lab.makeJob(lots: lots))
        tour.cancelled.formUnion([early, late])
        try await lab.submit(lab.makeJob(lots: lots))
        try await lab.submit(lab.makeJob(lots: 1))
        try await lab.until("the batch can be cancelled", seconds: limit) {
            !["queued", "image_prefetch"].contains(lab.watch.stage(of: early))
        }
        try await lab.cancel(early)
        try await lab.until("the provider has the batch", seconds: limit) {
            let status = try await lab.client.status(late, from: lab.upURLs)
            return status?["processing_details"]?["openai_vision_batch_id"]?.string != nil
        }
        try await lab.cancel(late)
    }

    /// One life of the instance: until it dies at a point, or `isOver`.
    private func live(_ lab: Lab, _ tour: Tour, _ isOver: () -> Bool) async throws {
        let instance = lab.instances[0]
        if instance.process == nil {
            try instance.launch(tour.left.isEmpty ? [:] : ["CRASH_AT": tour.left.joined(separator: ",")])
            try await instance.becomesReady()
        }
        while !isOver() {
            guard try await instance.dies(within: 0.2) else { continue }
            let point = instance.lastCrashPoint ?? "none"
            if tour.left.firstIndex(of: point).map({ tour.left.remove(at: $0) }) == nil {
                lab.found("the instance died by itself, not at a point that was left")
            }
            return try await instance.killHard()
        }
    }
    #else
    func run(_ lab: Lab) async throws {
        throw DriverError("this build has no crash points: take a debug build, or give it -Xswiftc -DCRASH_POINTS")
    }
    #endif
}
