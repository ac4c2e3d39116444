// Names of hosts to addresses: asked for once, bounded, remembered for a while. curl is given the addresses and never
// looks a name up itself: it would take a thread for each transfer, so that one name that does not resolve, in a job of
// many images, cost hundreds of them. Frees: its timers, in `close`. Thread: the client's loop.
import DequeModule

/// Looks names up. Loop-bound.
final class HostNames {
    /// How a name is looked up: on the loop in a later turn, the addresses or none; false if it cannot be tried.
    typealias LookUp = HTTPClientConfiguration.LookUp

    /// A failure is told again for so long, seconds, to those who do not insist; twice as long after each further one
    /// in a row.
    static let failureSeconds = 15.0
    static let failureSecondsMax = 600.0
    /// Whoever waits for a look-up waits no longer than this from its start, seconds; its thread may take longer.
    static let lookupSeconds = 10.0
    /// Names remembered.
    static let namesMax = 4096

    enum Resolution: Equatable {
        /// Numeric, in order of preference.
        case known([String])
        /// It failed a moment ago.
        case failed
        /// The answer will come.
        case asked
    }

    private struct Known {
        /// None: the look-up failed.
        var addresses: [String]
        var until: Double
        /// How often in a row it has failed.
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
    /// Look-ups under way, those included that nobody waits for any more.
    private(set) var running = 0
    private var isClosed = false

    /// - Parameter answerSeconds: an answer is used for so long; the system's own caches, if any, come on top.
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

    /// False for addresses, and for `localhost` and what is below it, which is always the loopback.
    static func needsLook(_ host: String) -> Bool {
        if host.hasPrefix("[") || IPAddress(host) != nil { return false }
        return host != "localhost" && !host.hasSuffix(".localhost")
    }

    /// The addresses of `host`, lower case. After `.asked`, `done` is called in a later turn, with none for a failure.
    /// - Parameter insisting: asks again although it has just failed.
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

    /// The waiter does not wait any more.
    func withdraw(_ waiter: ObjectIdentifier, from host: String) { looks[host]?.waiters[waiter] = nil }

    /// Nobody is called any more. What threads still look up is dropped.
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
                looks[host] = nil  // all gave up while it stood in the queue
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

    /// Starts the time of those who wait, unless it runs.
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

    /// Remembers the outcome and calls all who wait for it; the look-up itself may go on.
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
        let before = known[host]?.failures ?? 0
        let seconds = min(HostNames.failureSeconds * Double(1 << min(before, 10)), HostNames.failureSecondsMax)
        known[host] = Known(addresses: [], until: now() + seconds, failures: before + 1)
    }
}
