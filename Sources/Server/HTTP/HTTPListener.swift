// The HTTP server of one loop: its listening socket and its connections. Thread: the loop's.
import Engine

/// Listens and serves HTTP/1.1. Loop-bound. Lives until `close()` or the end of `drain()`.
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

    /// The listening port, also if port 0 was requested.
    public private(set) var port = 0

    /// Binds and starts to accept. Loop thread.
    /// - Parameter shared: lets several loops and processes listen on the same port.
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

    /// Stops accepting. Open connections continue, including those already in the kernel's backlog.
    public func stopAccepting() {
        socket?.retire()
        socket = nil
    }

    /// Stops accepting, closes idle connections, lets every current request be answered, and returns when all
    /// connections are closed. Returns early if the task is cancelled; `close()` then drops the rest.
    public func drain() async {
        stopAccepting()
        for connection in connections.values { connection.drain() }
        if connections.isEmpty { return }
        try? await loop.park { drained.append($0) }
    }

    /// Closes all connections immediately; open exchanges see a disconnected client. Idempotent.
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
        // Read at once: the kernel no longer reports the address of a closed connection.
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

/// Idle connections, the longest idle first. The links are in the connections themselves.
final class IdleList {
    private(set) var first: Connection?
    private var last: Connection?

    /// Moves `connection` to the end.
    func append(_ connection: Connection) {
        remove(connection)
        connection.idlePrevious = last
        last?.idleNext = connection
        last = connection
        if first == nil { first = connection }
        connection.isInIdleList = true
    }

    /// The longest idle connection of the client. Called only when a client has too many connections.
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
