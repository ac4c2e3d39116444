// LISTEN on a connection of its own. Frees nothing itself. Thread: the loop's.
import Logging

/// Receives notifications and reconnects by itself. Notifications sent while it was disconnected are lost;
/// `reconnected` is called so that the owner checks for changes.
public final class DatabaseListener {
    private let loop: Loop
    private let configuration: DatabaseConfiguration
    private let settings: ConnectionSettings?
    private var subscriptions: [Subscription] = []
    private let backOff = BackOff.reconnect
    private var connection: PGConnection?
    private var pause: LoopTimer?
    private var failures = 0
    private var rotation = 0
    private var isClosed = false
    /// True while it is listening.
    public private(set) var isListening = false

    private struct Subscription {
        let channel: String
        let received: (_ payload: String) -> Void
        let reconnected: () -> Void
    }

    /// Loop thread.
    public init(on loop: Loop, configuration: DatabaseConfiguration) {
        loop.assertOnLoop()
        self.loop = loop
        self.configuration = configuration
        settings = ConnectionSettings(configuration)
    }

    /// Adds a channel. Call it before ``start()`` or in the same turn of the loop.
    /// - Parameters:
    ///   - channel: lower-case letters, digits and underscores.
    ///   - received: called on the loop for each notification.
    ///   - reconnected: called on the loop each time that listening begins, including the first.
    public func subscribe(
        to channel: String, received: @escaping (_ payload: String) -> Void, reconnected: @escaping () -> Void
    ) {
        let isPlain = channel.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
        precondition(isPlain && !channel.isEmpty, "a channel name has lower-case letters, digits and underscores only")
        precondition(!isListening, "subscribe to channels before listening begins")
        subscriptions.append(Subscription(channel: channel, received: received, reconnected: reconnected))
    }

    /// Connects and listens. Idempotent, so that each subscriber may call it.
    public func start() {
        guard connection == nil, pause == nil, !isClosed, let settings else { return }
        let connection = PGConnection(on: loop, configuration: configuration, settings: settings, rotation: rotation)
        self.connection = connection
        connection.notified = { [self] channel, payload in
            for one in subscriptions where one.channel == channel { one.received(payload) }
        }
        connection.ready = { [self] in listen(connection) }
        connection.ended = { [self] error, cause in ended(error, cause) }
        connection.connect()
    }

    /// Ends all subscriptions. Idempotent.
    public func close() {
        isClosed = true
        subscriptions = []
        pause?.close()
        pause = nil
        connection?.drop(.unavailable("the listener is closed"))
    }

    private func listen(_ connection: PGConnection) {
        let script = subscriptions.map { "LISTEN \"\($0.channel)\"" }.joined(separator: ";")
        let request = PGRequest(.script(script), limitSeconds: configuration.limitSeconds) { [self] result in
            switch result {
            case .success:
                failures = 0
                isListening = true
                for one in subscriptions { one.reconnected() }
            case .failure(let error): connection.drop(error)
            }
        }
        connection.submit(request)
    }

    private func ended(_ error: DatabaseError, _ cause: ConnectionEnd) {
        connection = nil
        let wasListening = isListening
        isListening = false
        guard !isClosed else { return }
        if cause == .silent { rotation += 1 }
        failures += 1
        if wasListening || failures == 1 { ServerMessage.log.warning("LISTEN failed, retrying: \(error.message)") }
        let timer = LoopTimer(on: loop)
        pause = timer
        timer.start(after: backOff.delay(failures: failures, jitter: Double.random(in: 0..<1))) { [self] in
            timer.close()
            pause = nil
            start()
        }
    }
}
