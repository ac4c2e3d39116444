// Due times of the requests of an open loop: a fixed rate, independent of the answers. A value; any thread.

/// Request number k is due at `start + k / rate`. Latency counts from that time, so that a service that stalls cannot
/// hide the requests that had to wait for their turn (coordinated omission).
struct OpenSchedule: Sendable, Equatable {
    let start: Double
    /// Requests per second.
    let rate: Double
    /// No request is due from here on.
    private(set) var end: Double
    private(set) var taken = 0
    let countMax: Int

    init(start: Double, rate: Double, seconds: Double, countMax: Int = .max) {
        (self.start, self.rate, self.countMax) = (start, rate, countMax)
        end = start + seconds
    }

    /// Due time of the next request; nil after the last one.
    var next: Double? {
        let due = start + Double(taken) / rate
        return due < end && taken < countMax ? due : nil
    }

    /// Takes the next request if it is due at `now`; returns its due time.
    mutating func take(at now: Double) -> Double? {
        guard let due = next, due <= now else { return nil }
        taken += 1
        return due
    }

    /// Drops the requests that are due after `now`; earlier ones may still be taken.
    mutating func stop(at now: Double) { end = min(end, now) }

    /// Drops all requests; returns how many were not taken.
    mutating func abandon() -> Int {
        let before = taken
        while next != nil { taken += 1 }
        return taken - before
    }
}
