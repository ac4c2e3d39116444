// libuv handles and requests as Swift objects. Frees: the C memory in `deinit`, after libuv has returned its reference.
// Thread: the loop's.
//
// libuv calls back with the handle or request that it was given, never with NULL, and `hold` sets its `data`. Therefore
// every `!` on a callback's argument is safe, in this file and the files beside it.
import CShims

/// A libuv struct at a fixed address. Subclasses add the state that its callbacks need.
class LoopObject<Raw> {
    final let raw: UnsafeMutablePointer<Raw> = .allocate(capacity: 1)

    init() {}
    deinit { raw.deallocate() }

    /// Gives libuv a reference, which keeps this object alive until ``release()`` or ``taken(from:)``.
    final func hold() { shim_set_data(raw, Unmanaged.passRetained(self).toOpaque()) }

    /// Takes libuv's reference back if no callback follows.
    final func release() { Unmanaged.passUnretained(self).release() }

    /// Returns the object of a callback's handle or request. `Self` must be the class that called ``hold()``.
    static func of(_ raw: UnsafeMutableRawPointer?) -> Self {
        Unmanaged<Self>.fromOpaque(shim_data(raw!)!).takeUnretainedValue()
    }

    /// Returns the object of a request's last callback and takes libuv's reference back.
    static func taken(from raw: UnsafeMutableRawPointer?) -> Self {
        Unmanaged<Self>.fromOpaque(shim_data(raw!)!).takeRetainedValue()
    }
}

/// A libuv handle. Its owner calls ``opened()`` after a successful `uv_*_init`, and ``close()``. The close callback
/// ends libuv's reference.
class Handle<Raw>: LoopObject<Raw> {
    /// True before ``opened()``, too, because libuv must not close a handle that it does not know.
    private(set) final var isClosed = true

    final var base: UnsafeMutablePointer<uv_handle_t> { shim_handle(raw) }

    final func opened() {
        hold()
        isClosed = false
    }

    /// Drops the closures of the callbacks. Subclasses override it.
    func forget() {}

    /// Closes the handle. No callback follows. Idempotent.
    final func close() { close { uv_close(base, $0) } }

    /// Closes the handle with `end` instead of `uv_close`.
    final func close(_ end: (uv_close_cb) -> Void) {
        guard !isClosed else { return }
        isClosed = true
        forget()
        end(closed)
    }
}

private let closed: uv_close_cb = { handle in Unmanaged<AnyObject>.fromOpaque(shim_data(handle!)!).release() }
