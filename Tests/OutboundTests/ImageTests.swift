// Images from servers that support ranges, ignore them, or send no lengths (C2.5, C3, C7).
import Engine
import Foundation
import Testing

@Suite("Untrusted images", .timeLimit(.minutes(1)))
struct ImageTests {
    private static let policy = AddressPolicy(allowed: [CIDR(IPAddress(v4: 0x7F00_0001), prefix: 32)])
    private static let jpeg: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE0]

    /// A server of images: `/name` sends `images[name]`, with or without ranges and lengths.
    private static func server(_ images: [String: [UInt8]], ranges: Bool = true, lengths: Bool = true) -> TinyServer {
        TinyServer { connection in
            while let request = connection.readRequest() {
                guard let image = images[String(request.path.dropFirst())] else {
                    connection.write(plain("gone", status: "404 Not Found"))
                    continue
                }
                let last = request.header("range").flatMap { $0.split(separator: "-").last.flatMap { Int($0) } }
                if ranges, let last {
                    let part = Array(image.prefix(last + 1))
                    if part.isEmpty {
                        connection.write(plain("", status: "416 Range Not Satisfiable", "Content-Range: bytes */0\r\n"))
                        continue
                    }
                    connection.write(
                        "HTTP/1.1 206 Partial Content\r\nContent-Length: \(part.count)\r\n"
                            + "Content-Range: bytes 0-\(part.count - 1)/\(image.count)\r\n\r\n")
                    connection.write(part)
                } else if lengths {
                    connection.write(
                        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: \(image.count)\r\n\r\n")
                    connection.write(image)
                } else {
                    connection.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
                    connection.write(image)
                    return
                }
            }
        }
    }

    private static func sized(_ count: Int, _ start: [UInt8] = jpeg) -> [UInt8] {
        start + [UInt8](repeating: 0, count: count - start.count)
    }

    private static func fetcher(_ client: HTTPClient, _ max: Int = Limits.imageBytes) -> ImageFetcher {
        var configuration = ImageFetcherConfiguration()
        configuration.bytesMax = max
        return ImageFetcher(http: client, policy: policy, configuration: configuration)
    }

    @Test("C2.5: the first bytes decide the type, for any Content-Type")
    func types() async throws {
        let images: [String: [UInt8]] = [
            "jpeg": Self.sized(5000), "png": Self.sized(5000, [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]),
            "webp": Self.sized(5000, Array("RIFF\u{1}\u{2}\u{3}\u{4}WEBPVP8 ".utf8)),
            "gif": Self.sized(5000, Array("GIF89a".utf8)),
            "gif7": Self.sized(5000, Array("GIF87a".utf8)), "html": Array("<html>not an image</html>".utf8),
            "empty": [],
            "wav": Self.sized(5000, Array("RIFF\u{1}\u{2}\u{3}\u{4}WAVEfmt ".utf8)), "short": [0xFF, 0xD8],
            "avif": Self.sized(5000, Array("\0\0\0\u{1c}ftypavif".utf8)),
        ]
        let expected: [String: ImageType] = ["jpeg": .jpeg, "png": .png, "webp": .webp, "gif": .gif, "gif7": .gif]
        for (ranges, lengths) in [(true, true), (false, true), (false, false)] {
            let server = Self.server(images, ranges: ranges, lengths: lengths)
            try await withClient { _, client in
                let fetcher = Self.fetcher(client)
                for (name, bytes) in images {
                    let fetched = try await fetcher.fetch(server.url + "/" + name)
                    let checked = try await fetcher.check(server.url + "/" + name)
                    if let type = expected[name] {
                        #expect(fetched == .success(FetchedImage(type: type, bytes: bytes)), "\(name)")
                        #expect(checked == .success(type), "\(name)")
                    } else {
                        #expect(fetched == .failure(.notAnImage), "\(name)")
                        #expect(checked == .failure(.notAnImage), "\(name)")
                    }
                }
            }
        }
    }

    @Test(
        "C3: an image of the largest size is accepted, one byte more is refused",
        arguments: [(true, true), (false, true), (false, false)])
    func size(ranges: Bool, lengths: Bool) async throws {
        let max = 300_000
        let server = Self.server(
            ["fits": Self.sized(max), "over": Self.sized(max + 1)], ranges: ranges, lengths: lengths)
        try await withClient { _, client in
            let fetcher = Self.fetcher(client, max)
            let fits = try await fetcher.fetch(server.url + "/fits")
            #expect(fits == .success(FetchedImage(type: .jpeg, bytes: Self.sized(max))))
            let over = try await fetcher.fetch(server.url + "/over")
            #expect(over == .failure(.tooLarge))
            let checkedFits = try await fetcher.check(server.url + "/fits")
            #expect(checkedFits == .success(.jpeg))
            let checkedOver = try await fetcher.check(server.url + "/over")
            #expect(checkedOver == .failure(.tooLarge))
        }
    }

    @Test("an endless image is dropped at the size limit, an endless page at its first bytes")
    func endless() async throws {
        let server = TinyServer { connection in
            guard let request = connection.readRequest() else { return }
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            let first: [UInt8] = request.path == "/image" ? Self.jpeg : Array("<htm".utf8)
            var chunk = Array("2710\r\n".utf8) + Self.sized(10_000, first) + Array("\r\n".utf8)
            while connection.write(chunk) { chunk[6] = 0 }
        }
        try await withClient { _, client in
            let fetcher = Self.fetcher(client)
            let image = try await fetcher.fetch(server.url + "/image")
            #expect(image == .failure(.tooLarge))
            let checked = try await fetcher.check(server.url + "/image")
            #expect(checked == .failure(.tooLarge))
            let page = try await fetcher.fetch(server.url + "/page")
            #expect(page == .failure(.notAnImage))
        }
    }

    @Test("C2.5: a missing image has its reason")
    func problems() async throws {
        let server = Self.server([:])
        let dead = TinyServer { _ in }
        let deadURL = dead.url
        dead.stop()
        let broken = TinyServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
            connection.write(Self.jpeg)
        }
        try await withClient { _, client in
            let fetcher = Self.fetcher(client)
            let expected: [(String, ImageProblem)] = [
                (server.url + "/x", .status(404)), (deadURL + "/x", .unreachable), (broken.url, .unreachable),
                ("http://10.0.0.1/x.jpg", .forbidden), ("ftp://example.com/x.jpg", .forbidden),
                ("http://no-such-host.invalid/x.jpg", .unreachable),
            ]
            for (url, problem) in expected {
                let fetched = try await fetcher.fetch(url)
                #expect(fetched == .failure(problem), "\(url)")
                let checked = try await fetcher.check(url)
                #expect(checked == .failure(problem), "\(url)")
            }
        }
        // The connection survives two answers of 404.
        #expect(server.connections == 1)
    }

    @Test("C7: three redirects are followed, each to a permitted address")
    func redirects() async throws {
        let server = TinyServer { connection in
            while let request = connection.readRequest() {
                switch request.path {
                case "/0":
                    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
                    connection.write(Self.jpeg)
                case "/away": connection.write(plain("", status: "301 Moved", "Location: http://127.0.0.2/\r\n"))
                default:
                    let number = Int(request.path.dropFirst()) ?? 1
                    connection.write(plain("", status: "302 Found", "Location: /\(number - 1)\r\n"))
                }
            }
        }
        try await withClient { _, client in
            let fetcher = Self.fetcher(client)
            let three = try await fetcher.fetch(server.url + "/3")
            #expect(three == .success(FetchedImage(type: .jpeg, bytes: Self.jpeg)))
            let four = try await fetcher.check(server.url + "/4")
            #expect(four == .failure(.unreachable))
            let away = try await fetcher.check(server.url + "/away")
            #expect(away == .failure(.forbidden))
        }
    }

    @Test("a check of a large image transfers only a few bytes")
    func cheap() async throws {
        let sent = Lock<[Int]>([])
        let server = TinyServer { connection in
            while let request = connection.readRequest() {
                sent.withLock { $0.append(Int(request.header("range")?.split(separator: "-").last ?? "") ?? -1) }
                let part = Self.sized(64)
                connection.write(
                    "HTTP/1.1 206 Partial\r\nContent-Length: 64\r\nContent-Range: bytes 0-63/9000000\r\n\r\n")
                connection.write(part)
            }
        }
        try await withClient { _, client in
            let fetcher = Self.fetcher(client)
            for _ in 0..<10 {
                let checked = try await fetcher.check(server.url)
                #expect(checked == .success(.jpeg))
            }
        }
        #expect(sent.withLock { $0 } == Array(repeating: 63, count: 10))
        #expect(server.connections == 1)
    }

    @Test("a cancelled check is not a missing image")
    func cancelled() async throws {
        let arrived = DispatchSemaphore(value: 0)
        let server = TinyServer { connection in
            _ = connection.readRequest()
            arrived.signal()
            connection.waitForClose()
        }
        try await withClient { loop, client in
            let fetcher = Self.fetcher(client)
            var threw = false
            let task = loop.spawn { do { _ = try await fetcher.check(server.url) } catch { threw = true } }
            await wait(for: arrived)
            task.cancel()
            await task.value
            #expect(threw)
        }
    }
}
