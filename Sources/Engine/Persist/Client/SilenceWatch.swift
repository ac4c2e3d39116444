// Detects early that a server is frozen or unreachable. Its host may still acknowledge packets, or nothing comes back
// at all, so the socket reports no error for a long time; a slow statement looks the same. A new connection tells the
// two apart: a live server accepts it. Thread: the loop's.
import Logging

final class SilenceWatch {
    /// Interval of checks, seconds.
    static let lookSeconds = 0.5
    /// Silence after which a server is suspect, seconds.
    static let suspectSeconds = 2.0
    /// Time limit of the probe connection, seconds; a server that exceeds it is gone.
    static let probeSeconds = 2.0
    /// Time without new suspicion after a successful probe, seconds.
    static let trustSeconds = 5.0

    private let loop: Loop
    private let configuration: DatabaseConfiguration
    private let settings: ConnectionSettings
    /// Returns the connections to watch, as of now.
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
            probe.drop(.unavailable("the probe has succeeded"))
        }
        probe.ended = { [weak self] _, cause in self?.ended(isAlive: isAlive, cause) }
        probe.connect()
    }

    /// Drops the suspect connections if the probe got no answer. A refusal proves a live host or one whose sockets
    /// report errors themselves.
    private func ended(isAlive: Bool, _ cause: ConnectionEnd) {
        probe = nil
        guard !isClosed, !isAlive, cause == .silent else { return }
        ServerMessage.log.warning("the database accepts no new connection either; dropping its connections")
        for suspect in suspects { suspect.giveUp() }
    }
}
