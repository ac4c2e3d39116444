// Readiness of a descriptor that a library owns (libpq, curl). Frees: the handle lives until its uv_close callback;
// the owner closes the descriptor. Thread: the loop's.
import CShims

/// Watches a socket for readiness. Close it before the owner closes the descriptor.
public final class LoopPoll {
    public struct Events: OptionSet, Sendable {
        public let rawValue: Int32
        public init(rawValue: Int32) { self.rawValue = rawValue }
        public static let readable = Events(rawValue: Int32(UV_READABLE.rawValue))
        public static let writable = Events(rawValue: Int32(UV_WRITABLE.rawValue))
    }

    private let box: Box

    private final class Box: Handle<uv_poll_t> {
        /// A descriptor's error is reported as readable and writable; the owner's next call then gets the error.
        var ready: ((Events) -> Void)?
        var watched: Events = []
        override func forget() { ready = nil }
    }

    /// Returns nil if the descriptor cannot be watched, for example because it is closed. Loop thread.
    public init?(_ descriptor: Int32, on loop: Loop) {
        loop.assertOnLoop()
        box = Box()
        guard uv_poll_init(loop.uv, box.raw, descriptor) == 0 else { return nil }
        box.opened()
    }

    deinit { close() }

    /// Watches for `events` in place of the previous set. An empty set pauses.
    public func watch(_ events: Events, _ ready: @escaping (Events) -> Void) {
        guard !box.isClosed else { return }
        box.ready = ready
        guard events != box.watched else { return }
        box.watched = events
        if events.isEmpty {
            uv_poll_stop(box.raw)
            return
        }
        uv_poll_start(box.raw, events.rawValue) { handle, status, happened in
            let box = Box.of(handle)
            // libuv stops watching after an error, so the next `watch` must start again.
            if status < 0 { box.watched = [] }
            box.ready?(status < 0 ? [.readable, .writable] : Events(rawValue: happened))
        }
    }

    public func close() { box.close() }
}
