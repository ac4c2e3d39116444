// One connection of a load: one request after the other, reopened when the server closes it.
// Thread: its loop; loop-bound.
import Engine

/// Reports of a lane to its load, on the loop thread.
protocol LoadLaneOwner: AnyObject {
    /// A whole reply. The lane is free again before this call.
    func finished(_ lane: LoadLane, status: Int, bytes: Int, problem: [UInt8])
    /// The request failed: no reply will arrive.
    func failed(_ lane: LoadLane, _ reason: String)
}

final class LoadLane: TCPStreamOwner {
    /// Bytes of an unexpected reply that are kept for the message.
    static let problemBytesMax = 2048

    private let loop: Loop
    private let address: SocketAddress
    private let expected: Int
    private unowned let owner: any LoadLaneOwner
    private var stream: TCPStream?
    private var reader = ReplyReader()
    private var bytes = 0
    private var problem: [UInt8] = []
    private var connecting: Task<Void, Never>?
    private var isClosed = false
    private(set) var isBusy = false
    /// Due time of the current request, in ``Monotonic`` seconds.
    private(set) var intended = 0.0
    /// Failures since the last reply.
    private(set) var failuresInARow = 0

    init(to address: SocketAddress, expecting status: Int, owner: any LoadLaneOwner, on loop: Loop) {
        self.address = address
        self.owner = owner
        self.loop = loop
        expected = status
    }

    /// Sends `request`; connects first if necessary. Only while the lane is free.
    func send(_ request: [UInt8], intended moment: Double) {
        precondition(!isBusy && !isClosed, "a lane carries one request at a time")
        isBusy = true
        intended = moment
        bytes = 0
        reader.reset()
        if let stream { stream.write(request.span) } else { connect(andSend: request) }
    }

    private func connect(andSend request: [UInt8]) {
        connecting = loop.spawn { [self] in
            do {
                let stream = try await TCPStream.connect(to: address, on: loop)
                guard !isClosed else { return stream.close() }
                stream.attach(self)
                stream.startReading()
                self.stream = stream
                stream.write(request.span)
            } catch {
                fail("\(error)")
            }
        }
    }

    /// Closes the connection and drops the current request without a report. Waits for a connection in progress.
    func close() async {
        isClosed = true
        isBusy = false
        drop()
        connecting?.cancel()
        await connecting?.value
    }

    private func drop() {
        stream?.close()
        stream = nil
    }

    private func fail(_ reason: String) {
        drop()
        guard isBusy, !isClosed else { return }
        isBusy = false
        failuresInARow += 1
        owner.failed(self, reason)
    }

    private func complete() {
        if !reader.keepsAlive { drop() }
        isBusy = false
        failuresInARow = 0
        let kept = problem
        if !kept.isEmpty { problem = [] }
        owner.finished(self, status: reader.status, bytes: bytes, problem: kept)
    }

    // MARK: TCPStreamOwner

    func received(_ span: Span<UInt8>) {
        guard isBusy else { return drop() }
        var isComplete = false
        do throws(ReplyReader.Malformed) {
            try span.withUnsafeBytes { raw throws(ReplyReader.Malformed) in
                bytes &+= raw.count
                isComplete = try reader.read(raw) { status, body in
                    if status != expected { keep(body) }
                }
            }
        } catch {
            return fail(error.reason)
        }
        if isComplete { complete() }
    }

    private func keep(_ body: UnsafeRawBufferPointer) {
        problem.append(contentsOf: body.prefix(LoadLane.problemBytesMax - problem.count))
    }

    func receivedEnd() {
        if isBusy, reader.end() { return complete() }
        fail("the connection was closed without a whole reply")
    }

    func failed(_ error: SystemError) { fail("\(error)") }
    func sent() {}
    func shutDown() {}
}
