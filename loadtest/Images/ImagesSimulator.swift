// `loadtest images`: a web server for pictures, good and bad. Thread: its loop; loop-bound.
//
//   /car/NAME.jpg|jpeg|png|gif|webp   a real picture, different for each path; ranges honoured unless ?norange;
//                                     other paths that are not listed here and end so do the same
//   /missing/...                      404
//   /status/CODE/...                  that status
//   /big/BYTES[/...]                  that many bytes, beginning like a JPEG; ?chunked: without a length;
//                                     ranges honoured
//   /slow/SECONDS/...                 waits, then as the rest of the path
//   /html/...                         200 with a page
//   /redirect/N/...                   N redirects, then as the rest of the path
//   /drop/...                         closes the connection
//   any path?fail=N                   500 to the first N requests for that path
//   /_sim/state[?path=P]              counters; with a path, its requests only
import Engine
import Server

public final class ImagesSimulator {
    private let server: SimulatorServer
    private let site: ImageSite

    /// Listens at once. `port` 0 takes any free port.
    public static func start(
        on loop: Loop, host: String = "127.0.0.1", port: Int = 0
    ) throws -> ImagesSimulator {
        try ImagesSimulator(on: loop, host: host, port: port)
    }

    private init(on loop: Loop, host: String, port: Int) throws {
        let site = ImageSite()
        self.site = site
        server = try SimulatorServer(on: loop, host: host, port: port) { await site.answer($0) }
    }

    public var port: Int { server.port }
    public var baseURL: String { "http://127.0.0.1:\(server.port)" }
    public func close() async { await server.close() }

    /// Requests for a path (without query) since the start.
    public func requests(_ path: String) -> Int { site.requests[path, default: 0] }

    /// As `GET /_sim/state`.
    public var state: JSONValue { site.state(of: nil) }

    /// The picture that `/car/...` serves at `path`, e.g. `/car/7/front.png`; nil for an ending without a picture type.
    public static func picture(path: String) -> [UInt8]? {
        ImageSite.type(of: path).map { SamplePictures.bytes($0, name: path) }
    }
}

final class ImageSite {
    private(set) var requests: [String: Int] = [:]
    private var statuses: [Int: Int] = [:]
    private var bytesSent = 0

    func state(of path: String?) -> JSONValue {
        let requests = path.map { [$0: self.requests[$0, default: 0]] } ?? self.requests
        return [
            "requests": .int(requests.values.reduce(0, +)),
            "paths": .int(requests.count),
            "statuses": .object(statuses.sorted { $0.key < $1.key }.map { ("\($0.key)", .int($0.value)) }),
            "bytes_sent": .int(bytesSent),
            "most_requested": .object(
                requests.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(100).map { ($0.key, .int($0.value)) }
            ),
        ]
    }

    static func type(of path: String) -> PictureType? {
        guard let dot = path.lastIndex(of: ".") else { return nil }
        let ending = path[path.index(after: dot)...].lowercased()
        return ending == "jpg" ? .jpeg : PictureType(rawValue: ending)
    }

    func answer(_ exchange: Exchange) async {
        let path = exchange.head.path
        guard ["GET", "HEAD"].contains(exchange.head.method) else { return await send(plain(405), exchange) }
        let query = URLParts.query(exchange.head.query)
        if path == "/_sim/state" {
            let state = state(of: query.first { $0.name == "path" }?.value)
            return await SimReply.json(200, state).send(over: exchange)
        }
        requests[path, default: 0] += 1
        if let fail = query.first(where: { $0.name == "fail" }).flatMap({ Int($0.value) }),
            requests[path, default: 0] <= fail
        {
            return await send(plain(500), exchange)
        }
        await answer(exchange, steps: URLParts.segments(path), path: path, flags: Set(query.map(\.name)))
    }

    private func answer(_ exchange: Exchange, steps: [String], path: String, flags: Set<String>) async {
        let argument = steps.count > 1 ? steps[1] : ""
        let rest = Array(steps.dropFirst(2))
        switch steps.first {
        case "missing": await send(plain(404), exchange)
        case "status": await send(plain(Int(argument) ?? 400), exchange)
        case "big": await sendBig(Int(argument) ?? 0, chunked: flags.contains("chunked"), exchange)
        case "slow":
            try? await exchange.loop.sleep(seconds: Double(argument) ?? 1)
            await answer(exchange, steps: rest, path: "/" + rest.joined(separator: "/"), flags: flags)
        case "html":
            await send(.text(200, "<html><body>Not a picture</body></html>", type: "text/html"), exchange)
        case "redirect": await redirect(exchange, left: Int(argument) ?? 1, rest)
        case "drop":
            statuses[0, default: 0] += 1
            exchange.abort()
        default:
            guard let bytes = ImagesSimulator.picture(path: path), let type = ImageSite.type(of: path) else {
                return await send(plain(404), exchange)
            }
            await send(bytes, type: type.description, ranged: !flags.contains("norange"), exchange)
        }
    }

    private func redirect(_ exchange: Exchange, left: Int, _ rest: [String]) async {
        let path = rest.joined(separator: "/")
        let query = exchange.head.query.map { "?" + $0 } ?? ""
        let target = (left > 1 ? "/redirect/\(left - 1)/" : "/") + path + query
        await send(SimReply(status: 302, headers: [("Location", target)], body: .bytes([])), exchange)
    }

    private func plain(_ status: Int) -> SimReply { .text(status, "status \(status)\n") }

    private func send(_ reply: SimReply, _ exchange: Exchange) async {
        statuses[reply.status, default: 0] += 1
        bytesSent += reply.body.count
        await reply.send(over: exchange)
    }

    private func send(_ bytes: [UInt8], type: String, ranged: Bool, _ exchange: Exchange) async {
        var reply = SimReply(status: 200, headers: [("Content-Type", type)], body: .bytes(bytes))
        if ranged { reply.headers.append(("Accept-Ranges", "bytes")) }
        switch ranged ? ByteRange.of(exchange.head.header("Range"), length: bytes.count) : .whole {
        case .whole: break
        case .part(let part):
            reply.status = 206
            reply.headers.append(("Content-Range", "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(bytes.count)"))
            reply.body = .bytes(Array(bytes[part]))
        case .unsatisfiable:
            reply.status = 416
            reply.headers.append(("Content-Range", "bytes */\(bytes.count)"))
            reply.body = .bytes([])
        }
        await send(reply, exchange)
    }

    /// A JPEG's head, then filler: so large that the service refuses it; never held in memory as a whole.
    private func sendBig(_ length: Int, chunked: Bool, _ exchange: Exchange) async {
        var part = 0..<max(0, length)
        var status = 200
        var headers = [("Content-Type", "image/jpeg")]
        if !chunked, case .part(let wanted) = ByteRange.of(exchange.head.header("Range"), length: length) {
            part = wanted
            status = 206
            headers.append(("Content-Range", "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(length)"))
        }
        statuses[status, default: 0] += 1
        exchange.beginReply(status: status, headers: headers, length: chunked ? nil : part.count)
        let head: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE0]
        let block = 64 * 1024
        do {
            for start in stride(from: part.lowerBound, to: part.upperBound, by: block) {
                var piece = [UInt8](repeating: 0x55, count: min(block, part.upperBound - start))
                for index in piece.indices.prefix(head.count) where start + index < head.count {
                    piece[index] = head[start + index]
                }
                try await exchange.write(piece)
                bytesSent += piece.count
            }
        } catch {
            return exchange.abort()
        }
        exchange.finishReply()
    }
}
