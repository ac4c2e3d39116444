// curl's multi interface on a libuv loop: curl names its sockets and its time-out, and the loop reports events to
// curl. Frees: `close` frees the multi handle with all kept connections. `curl_multi_assign` owns a socket's
// `LoopPoll` until curl reports that it is about to close the socket. Thread: the loop's.
import CShims

/// One connection pool and the transfers on it.
final class CurlMulti {
    private let loop: Loop
    private let handle: UnsafeMutableRawPointer
    private let timer: LoopTimer
    private var running: [UnsafeMutableRawPointer: CurlTransfer] = [:]
    /// True while curl runs callbacks; handles must not be added or removed then.
    private var isInside = false
    private var isClosed = false

    /// - Parameter keptConnections: most connections that are kept open in total.
    init(on loop: Loop, keptConnections: Int) {
        precondition(CurlLibrary.isReady, "libcurl cannot be initialised")
        guard let handle = curl_multi_init() else { preconditionFailure("no memory for libcurl") }
        UTF8Locale.adoptOnThisThread()
        self.loop = loop
        self.handle = handle
        timer = LoopTimer(on: loop)
        let me = Unmanaged.passUnretained(self).toOpaque()
        shim_multi_ptr(handle, CURLMOPT_SOCKETDATA, me)
        shim_multi_ptr(handle, CURLMOPT_TIMERDATA, me)
        shim_multi_long(handle, CURLMOPT_MAXCONNECTS, keptConnections)
        shim_multi_long(handle, CURLMOPT_PIPELINING, Int(CURLPIPE_NOTHING))
        shim_multi_socket_cb(handle) { _, socket, wanted, user, assigned in
            CurlMulti.of(user).watch(socket, wanted, assigned)
            return 0
        }
        shim_multi_timer_cb(handle) { _, milliseconds, user in
            CurlMulti.of(user).arm(milliseconds)
            return 0
        }
    }

    /// Adds a transfer. Returns false if curl refuses the handle.
    func add(_ transfer: CurlTransfer) -> Bool {
        precondition(!isInside && !isClosed)
        guard curl_multi_add_handle(handle, transfer.easy) == CURLM_OK else { return false }
        running[transfer.easy] = transfer
        return true
    }

    /// Removes a transfer before its end. Closes its connection unless the connection was idle.
    func remove(_ transfer: CurlTransfer) {
        precondition(!isInside && !isClosed)
        guard running.removeValue(forKey: transfer.easy) != nil else { return }
        curl_multi_remove_handle(handle, transfer.easy)
    }

    func close() {
        precondition(!isInside && running.isEmpty)
        guard !isClosed else { return }
        isClosed = true
        curl_multi_cleanup(handle)
        timer.close()
    }

    // MARK: curl to loop

    private static func of(_ user: UnsafeMutableRawPointer?) -> CurlMulti {
        Unmanaged<CurlMulti>.fromOpaque(user!).takeUnretainedValue()  // set in `init`; no callback follows `close`
    }

    private func watch(_ socket: curl_socket_t, _ wanted: Int32, _ assigned: UnsafeMutableRawPointer?) {
        if wanted == CURL_POLL_REMOVE {
            guard let assigned else { return }
            Unmanaged<LoopPoll>.fromOpaque(assigned).takeRetainedValue().close()
            curl_multi_assign(handle, socket, nil)
            return
        }
        guard let poll = assigned.map({ Unmanaged<LoopPoll>.fromOpaque($0).takeUnretainedValue() }) ?? adopt(socket)
        else {
            return  // the socket is already dead; a time-out ends the transfer
        }
        var events: LoopPoll.Events = []
        if wanted & CURL_POLL_IN != 0 { events.insert(.readable) }
        if wanted & CURL_POLL_OUT != 0 { events.insert(.writable) }
        poll.watch(events) { [unowned self] ready in happened(socket, ready) }
    }

    private func adopt(_ socket: curl_socket_t) -> LoopPoll? {
        guard let poll = LoopPoll(socket, on: loop) else { return nil }
        // Released when curl reports CURL_POLL_REMOVE.
        curl_multi_assign(handle, socket, Unmanaged.passRetained(poll).toOpaque())
        return poll
    }

    private func arm(_ milliseconds: Int) {
        guard !isClosed else { return }
        if milliseconds < 0 {
            timer.stop()
        } else {
            timer.start(after: Double(milliseconds) / 1000) { [unowned self] in act(CURL_SOCKET_TIMEOUT, 0) }
        }
    }

    // MARK: Loop to curl

    private func happened(_ socket: curl_socket_t, _ ready: LoopPoll.Events) {
        var mask: Int32 = 0
        if ready.contains(.readable) { mask |= CURL_CSELECT_IN }
        if ready.contains(.writable) { mask |= CURL_CSELECT_OUT }
        act(socket, mask)
    }

    private func act(_ socket: curl_socket_t, _ mask: Int32) {
        var still: Int32 = 0
        isInside = true
        curl_multi_socket_action(handle, socket, mask, &still)
        isInside = false
        for (transfer, code) in takeEnded() { transfer.ended?(code) }
    }

    /// Removes all ended transfers first, because their `ended` callbacks may add and end others.
    private func takeEnded() -> [(CurlTransfer, CURLcode)] {
        var ended: [(CurlTransfer, CURLcode)] = []
        var left: Int32 = 0
        while let message = curl_multi_info_read(handle, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
            let code = message.pointee.data.result
            guard let transfer = running.removeValue(forKey: easy) else { continue }
            curl_multi_remove_handle(handle, easy)
            ended.append((transfer, code))
        }
        return ended
    }
}
