// One client connection: executes the actions of `HTTPConnectionMachine` with a socket, a timer and a parser. Thread:
// the loop's. Lives from accept to close: its stream and its listener hold it until then.
import Engine

final class Connection {
    let loop: Loop
    let listener: HTTPListener
    let stream: TCPStream
    private let timer: LoopTimer
    var machine = HTTPConnectionMachine()

    // Input (ConnectionInput.swift)
    var collector: HeadCollector?
    /// Bytes received but not parsed yet, from `pendingStart` on. They belong to later requests or to a paused body.
    var pending: [UInt8] = []
    var pendingStart = 0
    var body = BodyIntake()

    // Output (ConnectionOutput.swift)
    /// Output of one turn, sent in one call.
    var out: [UInt8] = []
    var reply = ReplyState()
    private(set) var isCrowded = false

    /// The current exchange, not retained. The handler retains it until it replies. Its deinit clears this reference on
    /// the loop, so an exchange without a reply is noticed.
    unowned(unsafe) var exchange: Exchange?

    // Idle list (HTTPListener.swift)
    var isInIdleList = false
    var idlePrevious: Connection?
    var idleNext: Connection?

    private var isInside = false
    private var isClosed = false
    private var wait = HTTPConnectionMachine.Wait.nothing
    private var deadline = Double.infinity
    private var armed = Double.infinity
    private var unsentAtDeadline = 0
    /// An event in this turn restarts the current time-out.
    var renewsWait = false
    /// The client's address; `0.0.0.0` if the client had gone before the address could be read.
    let remote: IPAddress

    var configuration: HTTPServerConfiguration { listener.configuration }

    init(_ stream: TCPStream, from remote: IPAddress, _ listener: HTTPListener) {
        loop = listener.loop
        self.listener = listener
        self.stream = stream
        self.remote = remote
        timer = LoopTimer(on: listener.loop)
    }

    func start() {
        stream.attach(self)
        settle()
    }

    func drain() { enter { apply(.drain) } }

    /// Closes immediately.
    func drop() { enter { apply(.broken) } }

    // MARK: Machine

    /// Every external event enters here, so the replies of one turn go out together and the socket's settings change
    /// once.
    func enter(_ body: () -> Void) {
        let outermost = beginTurn()
        body()
        if outermost { endTurn() }
    }

    /// Begins a turn.
    /// - Returns: false inside a turn that has already begun.
    private func beginTurn() -> Bool {
        if isInside { return false }
        isInside = true
        return true
    }

    private func endTurn() {
        repeat {
            pump()
            flush()
            measure()
        } while machine.appetite != .nothing && pendingStart < pending.count
        isInside = false
        settle()
    }

    func apply(_ event: HTTPConnectionMachine.Event) {
        let actions = machine.received(event)
        if actions.isEmpty { return }
        if actions.contains(.dispatch), let exchange { listener.handler.handle(exchange) }
        if actions.contains(.sendContinue) { out.append(contentsOf: "HTTP/1.1 100 Continue\r\n\r\n".utf8) }
        if actions.contains(.refuseSlowHead) {
            refuse(ServiceError(.requestTimeout, "The request head did not arrive in time; send the request again."))
        }
        if actions.contains(.bodyTimedOut) { tellBodyFailed(.timedOut) }
        if actions.contains(.tellGone) { tellGone() }
        if actions.contains(.shut) {
            flush()
            stream.shutdown()
        }
        if actions.contains(.close) { end { $0.close() } }
        if actions.contains(.reset) { end { $0.reset() } }
    }

    private func end(_ close: (TCPStream) -> Void) {
        if isClosed { return }
        isClosed = true
        flush()
        close(stream)
        timer.close()
        pending = []
        body = BodyIntake()
        listener.idle.remove(self)
        listener.remove(self)
    }

    private func tellGone() {
        let receiver = body.receiver
        body.receiver = nil
        let exchange = exchange
        self.exchange = nil
        receiver?.bodyFailed(.clientClosed)
        if let exchange {
            exchange.end(gone: true)
            tellServed(nil)
        }
    }

    /// Reports to the machine that the unsent bytes exceed the limit, or no longer do.
    func measure() {
        let crowdedNow = unsentBytes > configuration.unsentMax
        guard crowdedNow != isCrowded else { return }
        isCrowded = crowdedNow
        apply(crowdedNow ? .crowded : .drained)
        if !crowdedNow { exchange?.resumeWriters(open: true) }
    }

    // MARK: Socket and timer

    /// Brings reading, time-out and idle list in line with the machine's state.
    private func settle() {
        if isClosed { return }
        let hasRoom = machine.appetite != .nothing || pending.count - pendingStart < configuration.pipelinedBytes
        if machine.reads && hasRoom { stream.startReading() } else { stream.pauseReading() }
        if machine.isIdle {
            if renewsWait || !isInIdleList { listener.idle.append(self) }
        } else if isInIdleList {
            listener.idle.remove(self)
        }
        if renewsWait || machine.wait != wait {
            wait = machine.wait
            setDeadline()
        }
        renewsWait = false
    }

    /// When the deadline moves away, the timer keeps running. It fires early, sees the later deadline and starts again.
    /// Such restarts are rarer than requests.
    private func setDeadline() {
        let seconds: Double? =
            switch wait {
            case .nothing: nil
            case .idle: configuration.idleSeconds
            case .head: configuration.headSeconds
            case .body: configuration.bodyPauseSeconds
            case .send: configuration.sendSeconds
            case .linger: configuration.lingerSeconds
            }
        unsentAtDeadline = stream.unsentBytes
        deadline = seconds.map { loop.now + $0 } ?? .infinity
        if deadline < armed { arm() }
    }

    private func arm() {
        armed = deadline
        timer.start(after: deadline - loop.now) { [unowned self] in timerFired() }
    }

    private func timerFired() {
        armed = .infinity
        if deadline == .infinity { return }
        if loop.now < deadline { return arm() }
        // A slow client still reads its reply, so it gets another period.
        if wait == .send, stream.unsentBytes < unsentAtDeadline { return setDeadline() }
        renewsWait = true
        enter { apply(.timeUp) }
    }
}

extension Connection: TCPStreamOwner {
    func received(_ bytes: Span<UInt8>) {
        let outermost = beginTurn()  // a span cannot be captured by `enter`'s closure
        take(bytes)
        if outermost { endTurn() }
    }

    func receivedEnd() { enter { apply(.clientEnded) } }
    func failed(_ error: SystemError) { enter { apply(.broken) } }
    func sent() { enter {} }
    func shutDown() { enter { apply(.weShut) } }
}
