// Finds out early that a server is frozen or cut off. Its host acknowledges what we send, or nothing comes back at all,
// so the socket says nothing for long; a statement that takes its time looks the same from here. What tells them apart
// is a new connection: a server that lives takes it. Thread: the loop's.
import Logging

final class SilenceWatch {
    /// Between two looks, seconds.
    static let lookSeconds = 0.5
    /// An answer that is not there after this makes the server suspect, seconds.
    static let suspectSeconds = 2.0
    /// A new connection that is not there after this proves it gone, seconds.
    static let probeSeconds = 2.0
    /// A server that has just taken a connection is not suspect again for this long, seconds.
    static let trustSeconds = 5.0

    private let loop: Loop
    private let configuration: DatabaseConfiguration
    private let settings: ConnectionSettings
    /// The connections that it watches, as they are at the moment.
    private let connections: () -> [PGConnection]
    private let timer: LoopTimer
    private var probe: PGConnection?
    private var trustedUntil = 0.0
    private var isClosed = false

    init(
        on loop: Loop, configuration: DatabaseConfiguration, settings: ConnectionSettings,
        connections: @escaping () -> [PGConnection]
    ) {
        self.loop = loop
        self.configuration = configuration
        self.settings = settings
        self.connections = connections
        timer = LoopTimer(on: loop)
        timer.start(after: Self.lookSeconds, repeating: Self.lookSeconds) { [weak self] in self?.look() }
    }

    func close() {
        isClosed = true
        timer.close()
        probe?.drop(.unavailable("the pool is closed"))
    }

    private var suspects: [PGConnection] {
        connections().filter { $0.silentSeconds >= Self.suspectSeconds }
    }

    private func look() {
        guard probe == nil, Monotonic.seconds() >= trustedUntil, let suspect = suspects.first else { return }
        var quick = configuration
        quick.connectSeconds = Self.probeSeconds
        let probe = PGConnection(on: loop, configuration: quick, settings: settings, rotation: suspect.rotation)
        self.probe = probe
        var isAlive = false
        probe.ready = { [weak self] in
            isAlive = true
            self?.trustedUntil = Monotonic.seconds() + Self.trustSeconds
            probe.drop(.unavailable("it was a probe"))
        }
        probe.ended = { [weak self] _, cause in self?.ended(isAlive: isAlive, cause) }
        probe.connect()
    }

    /// A server that refuses lives, or has gone in a way that its sockets tell by themselves.
    private func ended(isAlive: Bool, _ cause: ConnectionEnd) {
        probe = nil
        guard !isClosed, !isAlive, cause == .silent else { return }
        ServerMessage.log.warning("the database is silent; its connections are given up")
        for suspect in suspects { suspect.giveUp() }
    }
}
