// The common shape of all background services.

/// A service of one shard. Loop-bound.
public protocol BackgroundService: AnyObject {
    /// Starts the service and returns at once.
    func start()
    /// Stops in order: hands over the work it holds, and returns when none of it is left on the loop.
    func stop() async
}
