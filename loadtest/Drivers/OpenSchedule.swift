// When requests should leave in an open loop: on a fixed beat, whatever the answers do. A value; any thread.

/// Request number k is due at `start + k / rate`. Latency counts from there, so that a service which stalls cannot hide
/// the requests that had to wait to be sent (coordinated omission).
struct OpenSchedule: Sendable, Equatable {
    let start: Double
    /// A second.
    let rate: Double
    /// Nothing is due from here on.
    private(set) var end: Double
    private(set) var taken = 0
    let countMax: Int

    init(start: Double, rate: Double, seconds: Double, countMax: Int = .max) {
        (self.start, self.rate, self.countMax) = (start, rate, countMax)
        end = start + seconds
    }

    /// When the next request is due; nil once all have been taken.
    var next: Double? {
        let due = start + Double(taken) / rate
        return due < end && taken < countMax ? due : nil
    }

    /// Takes the next request if it is due at `now`: the moment it was meant to leave.
    mutating func take(at now: Double) -> Double? {
        guard let due = next, due <= now else { return nil }
        taken += 1
        return due
    }

    /// What would be due after `now` never is; what was due before it may still be taken.
    mutating func stop(at now: Double) { end = min(end, now) }

    /// Nothing is due any more. How many have not been taken.
    mutating func abandon() -> Int {
        let before = taken
        while next != nil { taken += 1 }
        return taken - before
    }
}
