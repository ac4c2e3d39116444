// Resolves host names to addresses: one lookup per name, bounded in number, with a cache. curl receives the addresses
// and never looks a name up itself. curl would use a thread per transfer, so one unresolvable name in a job of many
// images would use hundreds of threads. Frees: its timers, in `close`. Thread: the client's loop.
import DequeModule

/// Resolves host names. Loop-bound.
final class HostNames {
    /// Looks up a name: calls back on the loop in a later turn, with addresses or none.
    /// Returns false if the lookup cannot start.
    typealias LookUp = HTTPClientConfiguration.LookUp

    /// Time for which a failure is reused, seconds, unless the caller insists. It
    /// doubles with each further failure in a row.
    static let backOff = BackOff(firstSeconds: 15, mostSeconds: 600)
    /// Longest wait of a caller from the start of the lookup, seconds; the lookup's thread may take longer.
    static let lookupSeconds = 10.0
    /// Most names in the cache.
    static let namesMax = 4096

    enum Resolution: Equatable {
        /// Numeric addresses in order of preference.
        case known([String])
        /// A recent lookup failed.
        case failed
        /// The callback will deliver the answer.
        case asked
    }

    private struct Known {
        /// Empty if the lookup failed.
        var addresses: [String]
        var until: Double
        /// Number of failures in a row.
        var failures = 0
    }

    private struct Look {
        var waiters: [ObjectIdentifier: ([String]) -> Void] = [:]
        var isRunning = false
        var timer: LoopTimer?
    }

    private let loop: Loop
    private let threadsMax: Int
    private let answerSeconds: Double
    private let lookUp: LookUp
    private let now: () -> Double
    private var known: [String: Known] = [:]
    private var looks: [String: Look] = [:]
    private var queue = Deque<String>()
    /// Lookups that run, including those without waiters.
    private(set) var running = 0
    private var isClosed = false

    /// - Parameter answerSeconds: time for which an answer is reused; the system's own caches may add to it.
    init(
        on loop: Loop, threadsMax: Int, answerSeconds: Double, lookUp: @escaping LookUp,
        now: @escaping () -> Double = Monotonic.seconds
    ) {
        self.loop = loop
        self.threadsMax = threadsMax
        self.answerSeconds = answerSeconds
        self.lookUp = lookUp
        self.now = now
    }

    /// False for addresses, and for `localhost` and names below it, which always mean the loopback.
    static func needsLook(_ host: String) -> Bool {
        if host.hasPrefix("[") || IPAddress(host) != nil { return false }
        return host != "localhost" && !host.hasSuffix(".localhost")
    }

    /// Resolves `host`, which must be lower case. After `.asked`, `done` is called in a
    /// later turn, with no address for a failure.
    /// - Parameter insisting: looks up again even after a recent failure.
    func look(
        _ host: String, insisting: Bool, for waiter: ObjectIdentifier, _ done: @escaping ([String]) -> Void
    ) -> Resolution {
        if let entry = known[host], entry.until > now() {
            if !entry.addresses.isEmpty { return .known(entry.addresses) }
            if !insisting { return .failed }
        }
        if looks[host] == nil {
            looks[host] = Look()
            queue.append(host)
        }
        looks[host]?.waiters[waiter] = done
        if looks[host]?.isRunning == true { limit(host) } else { startNext() }
        return .asked
    }

    /// Removes a waiter.
    func withdraw(_ waiter: ObjectIdentifier, from host: String) { looks[host]?.waiters[waiter] = nil }

    /// Drops all waiters and the results of running lookups. No callback follows.
    func close() {
        isClosed = true
        for look in looks.values { look.timer?.close() }
        looks = [:]
        queue = []
    }

    // MARK: Look-ups

    private func startNext() {
        while running < threadsMax, let host = queue.popFirst() {
            guard looks[host]?.waiters.isEmpty == false else {
                looks[host] = nil  // all waiters gave up while the name was queued
                continue
            }
            running += 1
            looks[host]?.isRunning = true
            limit(host)
            let me = LoopBound(self, on: loop)
            let isUnderWay = lookUp(host, loop) { addresses in me.value.ended(host, addresses) }
            if !isUnderWay { loop.later { self.ended(host, []) } }
        }
    }

    /// Starts the waiters' time limit, unless it runs already.
    private func limit(_ host: String) {
        guard looks[host]?.timer == nil else { return }
        let timer = LoopTimer(on: loop)
        looks[host]?.timer = timer
        timer.start(after: HostNames.lookupSeconds) { [unowned self] in tell(host, []) }
    }

    private func ended(_ host: String, _ addresses: [String]) {
        guard !isClosed else { return }
        running -= 1
        tell(host, addresses)
        looks[host] = nil
        startNext()
    }

    /// Caches the result and calls all waiters. The lookup itself may still run.
    private func tell(_ host: String, _ addresses: [String]) {
        guard let look = looks[host] else { return }
        remember(host, addresses)
        look.timer?.close()
        looks[host]?.timer = nil
        looks[host]?.waiters = [:]
        for waiter in look.waiters.values { waiter(addresses) }
    }

    private func remember(_ host: String, _ addresses: [String]) {
        if known.count >= HostNames.namesMax {
            let moment = now()
            known = known.filter { $0.value.until > moment }
            if known.count >= HostNames.namesMax { known = [:] }
        }
        guard addresses.isEmpty else {
            known[host] = Known(addresses: addresses, until: now() + answerSeconds)
            return
        }
        let failures = (known[host]?.failures ?? 0) + 1
        let seconds = HostNames.backOff.longest(failures: failures)
        known[host] = Known(addresses: [], until: now() + seconds, failures: failures)
    }
}
