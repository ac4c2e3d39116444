// Kills instances at random and restarts them. Thread: the lab's loop; loop-bound.
import Engine

final class Reaper {
    /// After more than ten seconds of absence others consider the instance dead; one rest in this many is that long.
    private static let longRestOneIn = 40

    let lab: Lab
    let kills: Int
    private let lifeSeconds: Double
    /// Settings that make a life end by itself, for about half of the lives.
    private let deathWish: (inout SeededRandom) -> [String: String]
    private(set) var done = 0
    private var atPoints: [String: Int] = [:]
    private var stages: [String: Int] = [:]
    private var absences = 0

    /// - kills: total over all instances.
    ///   - lifeSeconds: the longest life.
    ///   - lifeSeconds: the longest life.
    init(
        _ lab: Lab, kills: Int, lifeSeconds: Double, deathWish: @escaping (inout SeededRandom) -> [String: String]
    ) {
        (self.lab, self.kills, self.lifeSeconds, self.deathWish) = (lab, kills, lifeSeconds, deathWish)
    }

    var isDone: Bool { done >= kills }

    /// Returns after the kills are done; all instances are then up for good.
    func run() async throws {
        _ = try await lab.loop.gather(Array(lab.instances.enumerated())) { number, instance in
            try await self.reap(instance, self.lab.random(number))
        }
    }

    private func reap(_ instance: Instance, _ random: SeededRandom) async throws {
        var random = random
        var isDoomed = false
        while !isDone {
            let died = try await instance.dies(within: Double.random(in: 0.2...lifeSeconds, using: &random))
            let point = died ? instance.lastCrashPoint : nil
            if died, point == nil { lab.found("an instance died by itself") }
            try await instance.killHard()
            count(point)
            try await rest(&random)
            // Drawn in any case, so that the plan does not depend on how the lives ended.
            let wish = deathWish(&random)
            isDoomed = Bool.random(using: &random) && !isDone
            try instance.launch(isDoomed ? wish : [:])
            try await instance.becomesReady()
        }
        guard isDoomed else { return }
        try await instance.killHard()
        try instance.launch()
        try await instance.becomesReady()
    }

    private func count(_ point: String?) {
        done += 1
        if let point { atPoints[point, default: 0] += 1 }
        for stage in Set(lab.watch.stages) { stages[stage, default: 0] += 1 }
    }

    private func rest(_ random: inout SeededRandom) async throws {
        let isLong = Int.random(in: 0..<Reaper.longRestOneIn, using: &random) == 0
        if isLong { absences += 1 }
        try await lab.loop.sleep(seconds: Double.random(in: isLong ? 11...13 : 0...0.8, using: &random))
    }

    /// Reports the crash points met.
    func tell() {
        lab.figure("kills", done)
        lab.figure("kills_at_crash_points", atPoints.values.reduce(0, +))
        lab.figure("different_crash_points", atPoints.count)
        lab.figure("absences_of_over_10_s", absences)
        for (stage, count) in stages.sorted(by: { $0.key < $1.key }) {
            lab.figure("kills_with_a_batch_in_\(stage)", count)
        }
    }
}
