// The door between threads for loop-bound objects.

/// Carries a loop-bound value through code of other threads; it can be looked at on its loop's thread only.
/// The last reference must also be dropped there if the value's `deinit` cares: post a closure that takes it.
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
