// Decides whether a server's usage stays level: compares the second quarter of a run with the last. Values; any thread.
import Engine

/// Allowed growth from the second quarter to the last.
struct SoakTolerance: Sendable {
    /// Of resident memory, in percent; allocators keep the memory of a peak.
    var memoryPercent = 10.0
    /// Of open descriptors: connections to the database and to receivers are opened and closed.
    var descriptors = 16.0
    var threads = 4.0
}

/// Medians of two quarters of equal length. The first quarter is ignored: caches, pools and code fill up then.
struct SoakVerdict: Sendable {
    /// One resource of the server.
    struct Level: Sendable, Equatable {
        var name: String
        var second: Double
        var last: Double
        var most: Double
        var isFlat: Bool { last <= most }
    }

    let levels: [Level]

    /// nil if there are too few samples for a verdict.
    /// - Parameter samples: ordered by time.
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

    /// The resources that grew, as text.
    var errors: [String: Int] {
        Dictionary(
            uniqueKeysWithValues: levels.filter { !$0.isFlat }.map { level in
                let grown = "\(NumberText.short(level.second)) to \(NumberText.short(level.last))"
                return ("\(level.name) grew from \(grown), at most \(NumberText.short(level.most)) is level", 1)
            })
    }
}
