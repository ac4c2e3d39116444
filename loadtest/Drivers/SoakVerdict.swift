// Whether what a server uses stays level: the second quarter of a run beside the last one. Values; any thread.
import Engine

/// How much more may be used at the end than early on.
struct SoakTolerance: Sendable {
    /// Of resident memory, percent; allocators keep what a peak has needed once.
    var memoryPercent = 10.0
    /// Open descriptors: connections of the database and to receivers come and go.
    var descriptors = 16.0
    var threads = 4.0
}

/// Medians of two quarters of the same length. The first quarter is left out: caches, pools and code are filled then.
struct SoakVerdict: Sendable {
    /// One thing that a server uses.
    struct Level: Sendable, Equatable {
        var name: String
        var second: Double
        var last: Double
        var most: Double
        var isFlat: Bool { last <= most }
    }

    let levels: [Level]

    /// nil if there are too few samples to say anything.
    /// - Parameter samples: in time's order.
    init?(_ samples: [ServerSample], within tolerance: SoakTolerance) {
        guard let first = samples.first, let last = samples.last, samples.count >= SoakVerdict.samplesMin else {
            return nil
        }
        let quarter = (last.at - first.at) / 4
        let early = samples.filter { $0.at >= first.at + quarter && $0.at < first.at + 2 * quarter }
        let late = samples.filter { $0.at >= first.at + 3 * quarter }
        guard !early.isEmpty, !late.isEmpty else { return nil }
        func level(_ name: String, _ value: (ServerSample) -> Double, _ most: (Double) -> Double) -> Level {
            let second = RoundFigures.median(early.map(value))
            return Level(name: name, second: second, last: RoundFigures.median(late.map(value)), most: most(second))
        }
        levels = [
            level("rss_mb", \.residentMegabytes) { $0 * (1 + tolerance.memoryPercent / 100) },
            level("descriptors", { Double($0.descriptors) }) { $0 + tolerance.descriptors },
            level("threads", { Double($0.threads) }) { $0 + tolerance.threads },
        ]
    }

    private static let samplesMin = 8

    var figures: [Figure] {
        levels.flatMap { level in
            [
                Figure("\(level.name)_second_quarter", level.second), Figure("\(level.name)_last_quarter", level.last),
            ]
        }
    }

    /// What grew, in words.
    var errors: [String: Int] {
        Dictionary(
            uniqueKeysWithValues: levels.filter { !$0.isFlat }.map { level in
                let grown = "\(NumberText.short(level.second)) to \(NumberText.short(level.last))"
                return ("\(level.name) grew from \(grown), at most \(NumberText.short(level.most)) is level", 1)
            })
    }
}
