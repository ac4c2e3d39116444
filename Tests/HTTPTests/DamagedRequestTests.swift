// Thousands of damaged requests: the split of the bytes does not change their meaning. No socket.
import Testing

@testable import Server

/// A small seeded generator, so that a failure can be repeated.
private struct Dice: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 32) | (state << 32)
    }
}

private final class Collected: ChunkSink {
    var bytes: [UInt8] = []
    func chunkBytes(_ bytes: Span<UInt8>) -> Bool {
        bytes.withUnsafeBufferPointer { self.bytes.append(contentsOf: $0) }
        return true
    }
}

/// The outcome of a request.
private enum Outcome: Equatable {
    case unfinished
    case refused
    case understood(target: String, fields: Int, body: [UInt8], used: Int)
}

/// Reads one request in pieces with the sizes of `next`.
private func read(_ bytes: [UInt8], pieces next: () -> Int) -> Outcome {
    let parser = LLHTTPParser()
    var collector = HeadCollector(limit: 4096)
    var head: RequestHead?
    let sink = Collected()
    var start = 0
    do throws(RequestProblem) {
        while start < bytes.count {
            let piece = bytes.span.extracting(start..<min(bytes.count, start + next()))
            if let head {
                start += try parser.parse(body: piece, into: sink)
                guard parser.messageComplete else { continue }
                return .understood(target: head.target, fields: head.fields.count, body: sink.bytes, used: start)
            }
            var consumed = 0
            let progress = try collector.feed(piece, consumed: &consumed)
            start += consumed
            guard progress == .complete else { continue }
            let whole = try RequestHead(collector.bytes, parser: parser)
            head = whole
            if whole.bodyFraming != .chunked {
                return .understood(target: whole.target, fields: whole.fields.count, body: [], used: start)
            }
        }
        return .unfinished
    } catch {
        return .refused
    }
}

@Suite("Damaged requests", .timeLimit(.minutes(1)))
struct DamagedRequestTests {
    private static let sound =
        "POST /a?b=c HTTP/1.1\r\nHost: example.org\r\nX-Signature: sha256=00\r\nTransfer-Encoding: chunked\r\n"
        + "Connection: keep-alive\r\n\r\n5\r\nhello\r\nA;x=\"y\"\r\n0123456789\r\n"
        + "0\r\nX-Trailer: z\r\n\r\nGET / HTTP/1.1\r\n"

    @Test("a damaged request reads the same for any split", arguments: [1, 2, 3, 4])
    func pieces(seed: UInt64) {
        var dice = Dice(state: seed)
        var understood = 0
        for _ in 0..<3000 {
            var bytes = [UInt8](DamagedRequestTests.sound.utf8)
            for _ in 0..<Int.random(in: 0...3, using: &dice) { damage(&bytes, &dice) }
            let whole = read(bytes) { .max / 2 }
            #expect(read(bytes) { 1 } == whole, "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
            #expect(read(bytes) { Int.random(in: 1...40, using: &dice) } == whole)
            if case .understood = whole { understood += 1 }
        }
        #expect(understood > 500)
    }

    private func damage(_ bytes: inout [UInt8], _ dice: inout Dice) {
        let place = Int.random(in: 0..<bytes.count, using: &dice)
        switch Int.random(in: 0..<5, using: &dice) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &dice)
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &dice)], at: place)
        case 3: bytes.insert(contentsOf: "\r\n".utf8, at: place)
        case _: bytes[place] = bytes[place] ^ 0x20
        }
    }
}
