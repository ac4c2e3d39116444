// What libuv keeps a pointer to, handles and requests, as Swift objects. Frees: the C memory in `deinit`, after libuv has
// given its reference back. Thread: the loop's.
//
// libuv calls back with the handle or request that it was given, never with NULL, and `hold` has set its `data`. This is
// why every `!` on a callback's argument holds, here and in the files beside this one.
import CShims

/// A C struct of libuv's at an address that does not change. Subclasses hold what the callbacks need.
class LoopObject<Raw> {
    final let raw: UnsafeMutablePointer<Raw> = .allocate(capacity: 1)

    init() {}
    deinit { raw.deallocate() }

    /// Hands libuv a reference, which keeps this object alive until `release` or ``taken(from:)``.
    final func hold() { shim_set_data(raw, Unmanaged.passRetained(self).toOpaque()) }

    /// Takes libuv's reference back where there will be no callback.
    final func release() { Unmanaged.passUnretained(self).release() }

    /// The object of a callback's handle or request. `Self` must be the class that called ``hold()``.
    static func of(_ raw: UnsafeMutableRawPointer?) -> Self {
        Unmanaged<Self>.fromOpaque(shim_data(raw!)!).takeUnretainedValue()
    }

    /// The object of a request's last callback, with libuv's reference.
    static func taken(from raw: UnsafeMutableRawPointer?) -> Self {
        Unmanaged<Self>.fromOpaque(shim_data(raw!)!).takeRetainedValue()
    }
}

/// A handle. Its owner calls `hold` after `uv_*_init` and closes it; libuv's reference ends with the close callback.
class Handle<Raw>: LoopObject<Raw> {
    private(set) final var isClosed = false

    final var base: UnsafeMutablePointer<uv_handle_t> { shim_handle(raw) }

    /// Drops what the callbacks would call. For subclasses.
    func forget() {}

    /// Idempotent. No callback comes afterwards.
    final func close() { close { uv_close(base, $0) } }

    /// The same with another function than `uv_close`.
    final func close(_ end: (uv_close_cb) -> Void) {
        guard !isClosed else { return }
        isClosed = true
        forget()
        end(closed)
    }
}

private let closed: uv_close_cb = { handle in Unmanaged<AnyObject>.fromOpaque(shim_data(handle!)!).release() }
