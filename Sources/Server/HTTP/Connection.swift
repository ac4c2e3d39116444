// One client connection: does what `HTTPConnectionMachine` says with a socket, a timer and a parser. Thread: the
// loop's. Lives from accept to close: its stream and its listener hold it until then.
import Engine

final class Connection {
    let loop: Loop
    let listener: HTTPListener
    let stream: TCPStream
    private let timer: LoopTimer
    var machine = HTTPConnectionMachine()

    // Input (ConnectionInput.swift)
    var collector: HeadCollector?
    /// Bytes received but not looked at yet, from `pendingStart` on: those of later requests, or of a paused body.
    var pending: [UInt8] = []
    var pendingStart = 0
    var body = BodyIntake()

    // Output (ConnectionOutput.swift)
    /// What one turn writes goes out in one call.
    var out: [UInt8] = []
    var reply = ReplyState()
    private(set) var isCrowded = false

    /// The exchange in work. It is not held: whoever answers holds it, and its deinit clears this (on the loop), so
    /// that one that was forgotten is noticed.
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
    /// Something happened that makes the running time-out begin anew.
    var renewsWait = false
    /// `0.0.0.0` if it was gone before it could be asked.
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

    /// Closes at once.
    func drop() { enter { apply(.broken) } }

    // MARK: Machine

    /// Everything that comes from outside passes here, so that replies of one turn go out together and settings are
    /// changed once.
    func enter(_ body: () -> Void) {
        let outermost = beginTurn()
        body()
        if outermost { endTurn() }
    }

    /// False inside a turn that has begun already.
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
            refuse(ServiceError(.requestTimeout, "The request head was not complete in time; send it again."))
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

    /// Tells the machine when too much is unsent, and when no longer.
    func measure() {
        let crowdedNow = unsentBytes > configuration.unsentMax
        guard crowdedNow != isCrowded else { return }
        isCrowded = crowdedNow
        apply(crowdedNow ? .crowded : .drained)
        if !crowdedNow { exchange?.resumeWriters(open: true) }
    }

    // MARK: Socket and timer

    /// Makes reading, time-out and idle list agree with the machine.
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

    /// The timer is left running when the deadline moves away: it fires, finds it, and is started again. That is rarer
    /// than requests are.
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
        // A client that takes its reply slowly is not one that takes nothing.
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
