// A tour of crash points: one instance dies at one of the remaining points and restarts with the rest.
// Thread: the lab's loop; loop-bound.
#if CRASH_POINTS
import Engine
import Glibc

final class CrashTour {
    /// Direct calls that may be answered but not yet committed at a point: the service sends them again.
    private static let directCalls = [
        "answersCommitting": 1, "replyStoring": 1, "directAsking": 16, "directAnswered": 16,
    ]

    private let lab: Lab
    /// All points of the tour.
    let points: [String]
    /// Points that were not met yet.
    private(set) var left: [String]
    /// Lives that have ended.
    private(set) var lives = 0
    /// Jobs that the scenario cancelled.
    var cancelled: Set<String> = []
    /// Replies to POST /v1/responses that the scenario may have lost.
    var lostResponses = 0
    /// True after the instance was asked to stop: then it may end.
    private var isLeaving = false

    private init(_ lab: Lab, _ points: [String]) { (self.lab, self.points, left) = (lab, points, points) }

    /// - Parameters:
    ///   - all: the points that the scenario can meet.
    ///   - count: at most this many of them, chosen by the seed; 0: all.
    ///   - only: only these, separated by commas.
    static func plan(_ lab: Lab, of all: [String], count: Int, only: String?) throws -> CrashTour {
        if let only {
            let names = only.split(separator: ",").map(String.init)
            for name in names { try check(all.contains(name), "this scenario has no crash point \(name)") }
            return CrashTour(lab, names)
        }
        var random = lab.random(0)
        return CrashTour(lab, count > 0 ? Array(all.shuffled(using: &random).prefix(count)) : all)
    }

    var progress: String { "\(points.count - left.count) of \(points.count) points, next \(left.first ?? "none")" }

    /// True while one of these points is not met.
    func isConcerned(with some: [String]) -> Bool { some.contains(where: left.contains) }

    /// Runs `work` while the instance lives and dies.
    func during(_ work: @escaping () async throws -> Void) async throws {
        var isOver = false
        let working = LoopTask(on: lab.loop) {
            defer { isOver = true }
            try await work()
        }
        while !isOver { try await live { isOver } }
        try await working.value()
    }

    /// One life of the instance: until it dies at a point, or until `isOver`.
    private func live(_ isOver: () -> Bool) async throws {
        let instance = lab.instances[0]
        if instance.process == nil {
            try instance.launch(left.isEmpty ? [:] : ["CRASH_AT": left.joined(separator: ",")])
            try await instance.becomesReady()
        }
        while !isOver() {
            guard try await instance.dies(within: 0.2) else { continue }
            if instance.process?.poll() == .exited(0), isLeaving { return try await bury(instance) }
            let point = instance.lastCrashPoint ?? "none"
            if left.firstIndex(of: point).map({ left.remove(at: $0) }) == nil {
                lab.found("the instance died by itself, at none of the remaining points")
            }
            lostResponses += CrashTour.directCalls[point] ?? 0
            return try await bury(instance)
        }
    }

    private func bury(_ instance: Instance) async throws {
        try await instance.killHard()
        isLeaving = false
        lives += 1
    }

    /// Stops the instance in order, and waits for its next life.
    func restart() async throws {
        // The instance has no handler for SIGTERM before it is up.
        try await lab.until("the instance is up", seconds: 60) { self.lab.instances[0].isUp }
        let before = lives
        isLeaving = true
        lab.instances[0].process?.send(signal: SIGTERM)
        try await lab.until("the instance is back", seconds: 60) {
            self.lives > before && self.lab.instances[0].isUp
        }
    }

    /// Reports the points met, then audits.
    func end() async throws {
        lab.figure("crash_points", points.count)
        lab.figure("crash_points_met", points.count - left.count)
        for point in left { lab.found("crash point \(point) was not met") }
        try await lab.waitForAll(seconds: 180)
        try await lab.audit(cancelled: cancelled, lostResponses: lostResponses)
    }
}
#endif
