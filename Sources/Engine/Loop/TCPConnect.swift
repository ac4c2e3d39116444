// The client side of a TCP stream. Frees: the connect request, in its callback. Thread: the loop's.
// libuv calls back with its own handle or request, never NULL: hence `!` there.
import CShims

extension TCPStream {
    /// Connects to a numeric address. The caller closes the stream. Loop thread.
    /// - Throws: `SystemError`; `ECANCELED` when the task is cancelled.
    public static func connect(to address: SocketAddress, on loop: Loop) async throws(SystemError) -> TCPStream {
        let stream = TCPStream(on: loop)
        let status: Int32
        do {
            status = try await loop.park { (ticket: Ticket<Int32>) in
                stream.begin(address, ticket)
            }
        } catch {
            status = UV_ECANCELED.rawValue
        }
        guard status == 0 else {
            stream.close()
            throw SystemError(status, "connect")
        }
        uv_tcp_nodelay(stream.box.handle, 1)
        return stream
    }

    private func begin(_ address: SocketAddress, _ ticket: Ticket<Int32>) {
        let request = UnsafeMutablePointer<uv_connect_t>.allocate(capacity: 1)
        let waiting = Unmanaged.passRetained(ticket)  // released in the callback, or below if there is none
        request.pointee.data = waiting.toOpaque()
        let failure = address.withPointer { pointer in
            uv_tcp_connect(request, box.handle, pointer) { request, status in
                let ticket = Unmanaged<Ticket<Int32>>.fromOpaque(request!.pointee.data).takeRetainedValue()
                request!.deallocate()
                ticket.resume(status)
            }
        }
        guard failure != 0 else { return }
        waiting.release()
        request.deallocate()
        ticket.resume(failure)
    }
}
