// The HTTP server of one loop: its listening socket and its connections. Thread: the loop's.
import Engine

/// Listens and serves HTTP/1.1. Loop-bound. It lives until `close()` or a `drain()` that came to its end.
public final class HTTPListener {
    let loop: Loop
    let configuration: HTTPServerConfiguration
    let handler: any RequestHandler
    private var socket: TCPListener?
    private var connections: [ObjectIdentifier: Connection] = [:]
    private var drained: [Ticket<Void>] = []
    private var spareParsers: [LLHTTPParser] = []
    let idle = IdleList()
    private var clients: ClientConnections
    var requestIDs = RequestIDs()
    var dateLine = DateLine()

    /// The port that is listened on, also where 0 was asked for.
    public private(set) var port = 0

    /// Binds and begins to accept. Loop thread.
    /// - Parameter shared: several loops, and processes, may listen on one port.
    public init(
        on loop: Loop, address: BindAddress, configuration: HTTPServerConfiguration = .init(), shared: Bool = true,
        handler: any RequestHandler
    ) throws(ListenError) {
        self.loop = loop
        self.configuration = configuration
        self.handler = handler
        clients = ClientConnections(
            limit: configuration.connectionsPerClient, unlimited: configuration.trustedProxies)
        guard let numeric = SocketAddress(host: address.host, port: address.port) else {
            throw ListenError(address: address, reason: "not a numeric address and port")
        }
        do throws(SystemError) {
            let socket = try TCPListener(on: loop, address: numeric, shared: shared) { self.accept($0) }
            self.socket = socket
            port = socket.port
        } catch {
            throw ListenError(address: address, reason: error.description)
        }
    }

    public var connectionCount: Int { connections.count }

    /// Accepts no further connections; those there are go on, and who has been connected to us already is one of them.
    public func stopAccepting() {
        socket?.retire()
        socket = nil
    }

    /// Stops accepting, closes idle connections, lets every request in work be answered, and returns when all are gone.
    /// If the task is cancelled it returns earlier; `close()` drops the rest.
    public func drain() async {
        stopAccepting()
        for connection in connections.values { connection.drain() }
        if connections.isEmpty { return }
        try? await loop.park { drained.append($0) }
    }

    /// Drops everything at once; exchanges in work are told that their client is gone. Idempotent.
    public func close() async {
        socket?.close()
        socket = nil
        for connection in connections.values { connection.drop() }
    }

    // MARK: For connections

    private func accept(_ stream: TCPStream) {
        if connections.count >= configuration.maxConnections {
            guard let oldest = idle.first else { return stream.close() }
            oldest.drop()
        }
        // Asked for at once: of a connection that is gone the kernel does not tell any more.
        let client = IPAddress(stream.remoteHost) ?? IPAddress(v4: 0)
        if clients.isFull(client) {
            guard let oldest = idle.first(of: client) else { return stream.close() }
            oldest.drop()
        }
        clients.opened(client)
        let connection = Connection(stream, from: client, self)
        connections[ObjectIdentifier(connection)] = connection
        handler.connections(connections.count)
        connection.start()
    }

    func remove(_ connection: Connection) {
        connections[ObjectIdentifier(connection)] = nil
        clients.closed(connection.remote)
        handler.connections(connections.count)
        guard connections.isEmpty else { return }
        let waiting = drained
        drained = []
        for ticket in waiting { ticket.resume() }
    }

    func takeParser() -> LLHTTPParser { spareParsers.popLast() ?? LLHTTPParser() }

    func giveBack(_ parser: LLHTTPParser) {
        if spareParsers.count < 16 { spareParsers.append(parser) }
    }
}

/// Idle connections, the one that has been so longest first. The links are in the connections themselves.
final class IdleList {
    private(set) var first: Connection?
    private var last: Connection?

    /// Puts `connection` at the end, wherever it was.
    func append(_ connection: Connection) {
        remove(connection)
        connection.idlePrevious = last
        last?.idleNext = connection
        last = connection
        if first == nil { first = connection }
        connection.isInIdleList = true
    }

    /// The one of that client that has been idle longest. Only asked for when a client has too many.
    func first(of client: IPAddress) -> Connection? {
        let key = ClientConnections.key(client)
        var next = first
        while let connection = next {
            if ClientConnections.key(connection.remote) == key { return connection }
            next = connection.idleNext
        }
        return nil
    }

    func remove(_ connection: Connection) {
        guard connection.isInIdleList else { return }
        connection.isInIdleList = false
        let (previous, next) = (connection.idlePrevious, connection.idleNext)
        if let previous { previous.idleNext = next } else { first = next }
        if let next { next.idlePrevious = previous } else { last = previous }
        connection.idlePrevious = nil
        connection.idleNext = nil
    }
}
