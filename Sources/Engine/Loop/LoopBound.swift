// Carries loop-bound objects across threads.

/// Carries a loop-bound value through code of other threads. The value can be read on its loop's thread only. If the
/// value's `deinit` needs that thread, drop the last reference there: post a closure that takes it.
public struct LoopBound<Value>: @unchecked Sendable {  // `value` is reached only after the thread check
    public let loop: Loop
    private let stored: Value

    /// Loop thread.
    public init(_ value: Value, on loop: Loop) {
        loop.assertOnLoop()
        self.loop = loop
        stored = value
    }

    /// Loop thread.
    public var value: Value {
        loop.assertOnLoop()
        return stored
    }
}
