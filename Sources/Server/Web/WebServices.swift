// The parts of one shard that only the web interface uses, besides the API's services. Loop-bound: one per shard.
import Engine

/// State that the web interfaces of all shards share. Thread: any.
final class WebState: Sendable {
    /// Sign-in attempts, by client.
    let signIns = RateLimiter(limits: SignIn.limits, clientsMax: 10_000, timesMax: 100_000)
    /// Figures for the charts of the System page.
    let trends = Trends()
}

/// The parts of the shard that only pages use.
final class WebServices {
    let shared: WebState
    let sessions: SessionKeys
    let live: LiveFeed
    let insides: InsideLooks
    /// For the System page; both limit how often they query the database.
    let queue: QueueProbe
    let lately: SharedLook<SystemPage.Lately>

    init(on loop: Loop, config: Config, database: Database, shared: WebState) {
        self.shared = shared
        sessions = SessionKeys(
            secret: config.sessionSecret?.value,
            shared: [config.sharedKey.value] + [config.previousSharedKey?.value].compactMap { $0 })
        live = LiveFeed(on: loop)
        insides = InsideLooks(on: loop, database: database)
        queue = QueueProbe(database, on: loop)
        lately = SharedLook(on: loop, freshSeconds: SystemPage.freshSeconds, restFactor: SystemPage.restFactor)
    }

    func close() {
        live.close()
        insides.close()
        queue.close()
        lately.close()
    }

    /// Returns the session from the request's cookies; nil if they carry none.
    func session(of call: Call) -> WebSession? {
        let now = call.services.clock.now()
        return SessionCookie.values(call.exchange.head.headers("Cookie"), isSecure: call.isSecure)
            .lazy.compactMap { self.sessions.find($0, now: now) }.first
    }
}
