// `loadtest webhooks`: receives deliveries and behaves as their path says. Thread: its loop; loop-bound.
//
//   /ok...              200                    /status/CODE/...   that status
//   /fail/N/...         500 to the first N requests for that path, then 200
//   /slow/SECONDS/...   200 after a while      /held/...          200 when `letGo` is called
//   /hang/...           never answers          /drop/...          closes without an answer
//   /redirect/CODE/...  that status, with a Location on this receiver: /ok/redirected
//   /trickle/...        200 at once, with a body of single bytes that never ends
//   /long/BYTES/...     200 with a body of that length
//   GET /_sim/deliveries[?path=P]              the deliveries, oldest first; the body in Base64
//   POST /_sim/reset                           deletes them
import Engine
import Server

public struct WebhooksOptions {
    /// Verifies signatures with it.
    public var sharedKey: String?
    /// Called for each delivery; the command prints a line.
    public var received: ((WebhookDelivery) -> Void)?
    /// Bytes of each body that are kept.
    public var bodyBytesKept = 64 * 1024 * 1024

    public init() {}
}

public final class WebhooksSimulator {
    private let server: SimulatorServer
    private let site: WebhookSite

    /// Listens at once. `port` 0 takes any free port.
    public static func start(
        on loop: Loop, host: String = "127.0.0.1", port: Int = 0, options: WebhooksOptions = WebhooksOptions()
    ) throws -> WebhooksSimulator {
        try WebhooksSimulator(on: loop, host: host, port: port, options: options)
    }

    private init(on loop: Loop, host: String, port: Int, options: WebhooksOptions) throws {
        let site = WebhookSite(options)
        self.site = site
        server = try SimulatorServer(on: loop, host: host, port: port) { await site.answer($0) }
    }

    public var port: Int { server.port }
    public var baseURL: String { "http://127.0.0.1:\(server.port)" }

    public func close() async {
        site.letGo()
        await server.close()
        site.releaseWaiters()
    }

    /// All deliveries, oldest first.
    public var deliveries: [WebhookDelivery] { site.deliveries }

    /// Answers all open requests for /held/..., and later ones at once.
    public func letGo() { site.letGo() }

    /// All deliveries on one path.
    public func deliveries(path: String) -> [WebhookDelivery] { site.deliveries.filter { $0.path == path } }

    /// Suspends until at least `count` deliveries have arrived on `path` (nil: on all paths together).
    public func wait(for count: Int, path: String? = nil) async throws { try await site.wait(for: count, path: path) }
}

final class WebhookSite {
    private let options: WebhooksOptions
    private(set) var deliveries: [WebhookDelivery] = []
    private var attempts: [String: Int] = [:]
    /// Open requests for /held/...; nil after their release.
    private var held: [Ticket<Void>]? = []
    private var waiters: [(count: Int, path: String?, ticket: Ticket<Void>)] = []
    static let bodyBytesMax = 1 << 30

    init(_ options: WebhooksOptions) { self.options = options }

    func wait(for count: Int, path: String?) async throws {
        guard arrived(path) < count, let loop = Loop.current else { return }
        try await loop.park { (ticket: Ticket<Void>) in waiters.append((count, path, ticket)) }
    }

    func releaseWaiters() {
        for waiter in waiters { waiter.ticket.resume() }
        waiters = []
    }

    func letGo() {
        let waiting = held ?? []
        held = nil
        for ticket in waiting { ticket.resume() }
    }

    private func arrived(_ path: String?) -> Int {
        path.map { path in deliveries.count { $0.path == path } } ?? deliveries.count
    }

    func answer(_ exchange: Exchange) async {
        switch "\(exchange.head.method) \(exchange.head.path)" {
        case "GET /_sim/deliveries": return await list(exchange)
        case "POST /_sim/reset":
            deliveries = []
            attempts = [:]
            return await SimReply.json(200, ["reset": true]).send(over: exchange)
        default: break
        }
        guard let body = try? await collect(exchange) else { return }
        await react(to: record(exchange, body), exchange)
    }

    private func collect(_ exchange: Exchange) async throws -> [UInt8] {
        try await exchange.collectBody(limit: WebhookSite.bodyBytesMax)
    }

    private func record(_ exchange: Exchange, _ body: [UInt8]) -> WebhookDelivery {
        let head = exchange.head
        attempts[head.path, default: 0] += 1
        let delivery = WebhookDelivery(
            path: head.path, headers: head.headers, body: Array(body.prefix(options.bodyBytesKept)),
            bodyBytes: body.count,
            arrivedAt: Timestamp.now().seconds, attempt: attempts[head.path, default: 1],
            signatureIsValid: options.sharedKey.map {
                WebhookSignatures.plain(head.header("X-Signature"), body: body, key: $0)
            },
            standardSignatureIsValid: options.sharedKey.flatMap {
                WebhookSignatures.standard({ head.header($0) }, body: body, key: $0)
            })
        deliveries.append(delivery)
        options.received?(delivery)
        let due = waiters.filter { arrived($0.path) >= $0.count }
        waiters.removeAll { arrived($0.path) >= $0.count }
        for waiter in due { waiter.ticket.resume() }
        return delivery
    }

    private func react(to delivery: WebhookDelivery, _ exchange: Exchange) async {
        let steps = URLParts.segments(delivery.path)
        let argument = steps.count > 1 ? steps[1] : ""
        switch steps.first {
        case "status": await reply(Int(argument) ?? 500, exchange)
        case "fail": await reply(delivery.attempt <= (Int(argument) ?? 0) ? 500 : 200, exchange)
        case "slow":
            try? await exchange.loop.sleep(seconds: Double(argument) ?? 1)
            await reply(200, exchange)
        case "held":
            if held != nil { try? await exchange.loop.park { (ticket: Ticket<Void>) in held?.append(ticket) } }
            await reply(200, exchange)
        case "hang": await hang(exchange)
        case "redirect":
            let target = [("Location", "/ok/redirected")]
            await SimReply(status: Int(argument) ?? 302, headers: target, body: .bytes([])).send(over: exchange)
        case "trickle": await trickle(exchange)
        case "long":
            let text = String(repeating: "x", count: min(Int(argument) ?? 0, WebhookSite.bodyBytesMax))
            await SimReply.text(200, text).send(over: exchange)
        case "drop": exchange.abort()
        default: await reply(200, exchange)
        }
    }

    /// Waits until the caller closes the connection.
    private func hang(_ exchange: Exchange) async {
        try? await exchange.loop.park { (ticket: Ticket<Void>) in exchange.whenClosed = { ticket.resume() } }
        exchange.abort()
    }

    /// Waits until the caller closes the connection.
    private func trickle(_ exchange: Exchange) async {
        exchange.beginReply(status: 200, headers: [("Content-Type", "text/plain")], length: nil)
        while exchange.isOpen, (try? await exchange.write([UInt8(ascii: ".")])) != nil {
            try? await exchange.loop.sleep(seconds: 0.05)
        }
        exchange.abort()
    }

    private func reply(_ status: Int, _ exchange: Exchange) async {
        await SimReply.json(status, ["received": .bool(status < 300)]).send(over: exchange)
    }

    private func list(_ exchange: Exchange) async {
        let path = URLParts.query(exchange.head.query).first { $0.name == "path" }?.value
        let found = deliveries.filter { path == nil || $0.path == path }
        await SimReply.json(200, ["count": .int(found.count), "deliveries": .array(found.map(\.json))]).send(
            over: exchange)
    }
}
