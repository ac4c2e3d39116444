// The client side of a TCP stream. Frees: the connect request, in its callback. Thread: the loop's.
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
        uv_tcp_nodelay(stream.box.raw, 1)
        return stream
    }

    private final class Connect: LoopObject<uv_connect_t> {
        let ticket: Ticket<Int32>
        init(_ ticket: Ticket<Int32>) { self.ticket = ticket }
    }

    private func begin(_ address: SocketAddress, _ ticket: Ticket<Int32>) {
        let connect = Connect(ticket)
        connect.hold()
        let failure = address.withPointer { pointer in
            uv_tcp_connect(connect.raw, box.raw, pointer) { request, status in
                Connect.taken(from: request).ticket.resume(status)
            }
        }
        guard failure != 0 else { return }
        connect.release()
        ticket.resume(failure)
    }
}
