// The images of lots for inline lines (C5.5): order, missing images, and the bound on memory.
import Foundation
import Testing

@testable import Engine

@Suite("Images for inline lines", .timeLimit(.minutes(1)))
struct InlineImagesTests {
    private static func image(_ count: Int, _ mark: UInt8) -> [UInt8] {
        [0xFF, 0xD8, 0xFF, mark] + [UInt8](repeating: mark, count: count - 4)
    }

    /// `/BYTES/MARK` is an image, all other paths are missing.
    private static func server() -> TinyServer {
        TinyServer { connection in
            while let request = connection.readRequest() {
                let parts = request.path.split(separator: "/").compactMap { Int($0) }
                guard parts.count == 2 else {
                    connection.write(plain("", status: "404 Not Found"))
                    continue
                }
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(parts[0])\r\n\r\n")
                connection.write(image(parts[0], UInt8(parts[1])))
            }
        }
    }

    /// Fetches the images at these paths of a new server.
    private static func fetch(
        _ lots: [[String]], _ body: @escaping @Sendable (InlineImages) -> Void
    ) async throws {
        let server = server()
        try await withClient { loop, client in
            let lots = lots.map { $0.map { server.url + $0 } }
            let policy = AddressPolicy(allowed: [CIDR(IPAddress(v4: 0x7F00_0001), prefix: 32)])
            var patient = ImageFetcherConfiguration()
            (patient.timeoutSeconds, patient.connectSeconds) = (60, 60)
            let images = ImageFetcher(http: client, policy: policy, configuration: patient)
            body(try await InlineImages.fetch(lots, with: images, on: loop))
        }
    }

    @Test("each lot has its own images in their order, and a gap for what is missing")
    func order() async throws {
        let lots = (0..<40).map { lot in ["/1000/\(lot)", "/missing", "/500/\(lot)"] }
        try await Self.fetch(lots) { page in
            #expect(page.done == 40)
            for lot in 0..<page.done {
                let mark = UInt8(lot)
                let isRight =
                    page.images(of: lot, count: 3).map { try? $0.get() } == [
                        .data(type: "image/jpeg", bytes: Self.image(1000, mark)), nil,
                        .data(type: "image/jpeg", bytes: Self.image(500, mark)),
                    ]
                #expect(isRight)
            }
        }
    }

    @Test("a full page leaves its remaining lots to the next page, whole")
    func full() async throws {
        let size = 9_000_000
        let lots = (0..<30).map { lot in ["/\(size)/\(lot)", "/\(size)/\(lot)"] }
        try await Self.fetch(lots) { page in
            let begun = InlineImages.pageBytesMax / size + 1 + InlineImages.inFlight
            #expect(page.done >= 4 && page.done <= begun / 2 + 1)
            for lot in 0..<page.done {
                let isWhole = page.images(of: lot, count: 2).allSatisfy { image in
                    guard case .success(.data(_, let bytes)) = image else { return false }
                    return bytes.count == size && bytes[3] == UInt8(lot)
                }
                #expect(isWhole)
            }
        }
    }

    @Test("an image that need not be fetched goes by URL, and is not asked for")
    func byURL() async throws {
        let server = Self.server()
        try await withClient { loop, client in
            let policy = AddressPolicy(allowed: [CIDR(IPAddress(v4: 0x7F00_0001), prefix: 32)])
            let images = ImageFetcher(http: client, policy: policy)
            let urls = ["/1000/1", "/missing", "/500/2"].map { server.url + $0 }
            let page = try await InlineImages.fetch([urls], with: images, on: loop) { $0.hasSuffix("/1000/1") }
            let first = ImageReference.data(type: "image/jpeg", bytes: Self.image(1000, 1))
            #expect(page.images(of: 0, count: 3).map { try? $0.get() } == [first, .url(urls[1]), .url(urls[2])])
        }
    }

    @Test("a request has room for 50 MB of images; smaller ones still fit after one that does not")
    func room() {
        var room = InlineRoom()
        func isInline(_ count: Int) -> Bool {
            let image = FetchedImage(type: .png, bytes: [UInt8](repeating: 0, count: count))
            return room.reference(image, url: "u") != .url("u")
        }
        let sent = [20_000_000, 20_000_000, 10_000_001, 9_000_000, 1_000_001, 1_000_000, 1].map(isInline)
        #expect(sent == [true, true, false, true, false, true, false])
        #expect(room.isFull)
    }

    @Test("of more than 1,500 images the first are sent; one that is there twice counts twice")
    func fitting() {
        let urls = (0..<2000).map { "u\($0)" }
        #expect(InlineRoom.fitting(Array(urls.prefix(1500))) == Set(urls.prefix(1500)))
        #expect(InlineRoom.fitting(urls) == Set(urls.prefix(1500)))
        let twice = Array(urls.prefix(1499)) + ["u1499", "u1499", "u1500"]
        #expect(InlineRoom.fitting(twice) == Set(urls.prefix(1499)).union(["u1500"]))
    }

    @Test("an image over a line's bound is sent as a URL, and a single lot always fits")
    func line() async throws {
        let size = 10_000_000
        let urls = (0..<12).map { "/\(size)/\($0)" }
        try await Self.fetch([urls]) { page in
            #expect(page.done == 1)
            let images = page.images(of: 0, count: urls.count).compactMap { try? $0.get() }
            #expect(images.count == urls.count)
            let bytes = images.reduce(0) { sum, image in
                if case .data(_, let bytes) = image { return sum + bytes.count }
                return sum
            }
            #expect(bytes == LineInput.inlineBytesMax / size * size)
        }
    }
}
