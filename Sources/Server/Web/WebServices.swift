// What the web interface of one shard works with, besides the API's services. Loop-bound: one per shard.
import Engine

/// What the web interfaces of an instance's shards share; any thread.
final class WebState: Sendable {
    /// Attempts to sign in, by client.
    let signIns = RateLimiter(limits: SignIn.limits, clientsMax: 10_000, timesMax: 100_000)
    /// Drawn by System.
    let trends = Trends()
}

/// The shard's parts that only pages use.
final class WebServices {
    let shared: WebState
    let sessions: SessionKeys
    let live: LiveFeed
    let insides: InsideLooks
    /// For System; they ask now and then only.
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

    /// The session that a request's cookies carry, if they carry one.
    func session(of call: Call) -> WebSession? {
        let now = call.services.clock.now()
        return SessionCookie.values(call.exchange.head.headers("Cookie"), isSecure: call.isSecure)
            .lazy.compactMap { self.sessions.find($0, now: now) }.first
    }
}
