// The crash points outside a batch's usual path: a separate act reaches each of them. Thread: the lab's loop.
import ArgumentParser
import Engine

struct EdgesScenario: Scenario {
    static let name = "edges"
    static let abstract = "Dies once at each crash point that takes special circumstances."
    static let discussion = """
        An account without quota, a deadline, lost creations of cancelled jobs, redeliveries, single lots, orderly \
        stops, old jobs: one act after the other, each until its points are met.
        """

    @Option(help: "Lots per batch.") var lots = 12
    @Option(help: "Number of points, chosen by the seed; 0: all.") var count = 0
    @Option(help: "Only these points, separated by commas.") var only: String?
    @Option(help: "Time limit, in seconds.") var limit = 1200.0

    var settings: [(String, JSONValue)] {
        [("lots", .int(lots)), ("count", .int(count)), ("only", only.map { .string($0) } ?? .null)]
    }

    var setup: LabSetup {
        var setup = LabSetup()
        setup.instances = 1
        setup.batchSeconds = 0.5
        setup.settings = ["SHUTDOWN_GRACE": "1", "CRASH_SILENT": "2"]
        return setup
    }

    #if CRASH_POINTS
    static let points = EdgeAct.allCases.flatMap(\.points)

    func run(_ lab: Lab) async throws {
        let tour = try CrashTour.plan(lab, of: Self.points, count: count, only: only)
        let deadline = Monotonic.seconds() + limit
        try await lab.instances[0].killHard()
        var rounds = 0
        for act in EdgeAct.allCases {
            lab.progress.watch { "\(act): \(tour.progress)" }
            // Each death removes one point from the list.
            for _ in act.points where tour.isConcerned(with: act.points) && Monotonic.seconds() < deadline {
                rounds += 1
                try lab.setFaults(#"{"routes": [], "batches": [], "lines": [\#(LabLot.refusal)]}"#)
                try lab.setFaults(act.faults)
                let performance = EdgePerformance(lab: lab, tour: tour, lots: lots)
                try await tour.during { try await performance.perform(act) }
            }
        }
        lab.figure("rounds", rounds)
        try await tour.during { try await tour.end() }
    }
    #else
    func run(_ lab: Lab) async throws {
        throw DriverError("this build has no crash points: take a debug build, or give it -Xswiftc -DCRASH_POINTS")
    }
    #endif
}
