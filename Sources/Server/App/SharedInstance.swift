// Parts that the shards of an instance share. Thread: any.
import Engine

final class SharedInstance: Sendable {
    let api: SharedState
    let web = WebState()
    let processor = ProcessorShare()

    init(rates: RateLimits) { api = SharedState(limiter: RateLimiter(limits: rates)) }
}
