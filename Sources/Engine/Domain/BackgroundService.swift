// The one shape of everything that works by itself.

/// A service of one shard of the process. Loop-bound.
public protocol BackgroundService: AnyObject {
    /// Begins to work; returns at once.
    func start()
    /// Ends orderly: hands over what it holds and returns when nothing of it is left on the loop.
    func stop() async
}
