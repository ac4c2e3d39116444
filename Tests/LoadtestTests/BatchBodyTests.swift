// Generated bodies of the drivers: the service's own reader accepts them, with the requested size and bytes.
import Engine
import Foundation
import Testing

@testable import LoadtestKit

@Suite("Generated bodies", .timeLimit(.minutes(2)))
struct BatchBodyTests {
    static let key = "a-shared-key-of-32-characters-00"

    private final class Sink: LotSink {
        var ids: [String] = []
        var texts: [String] = []
        var webhooks: [String] = []
        func accept(_ row: LotRow) {
            ids.append(row.text(row.lotID))
            texts.append(row.additionalInfo.map(row.text) ?? "")
            if let webhook = row.webhook { webhooks.append(row.text(webhook)) }
        }
        func reset() {}
    }

    private func make(_ spec: BatchSpec) throws -> BatchBody {
        try BatchBodyMaker.make(spec, keys: SignatureKeys(shared: Self.key))
    }

    /// The service's reading of the body; the head says where the signature is.
    private func read(_ body: BatchBody, _ sink: Sink) throws -> GenerationRequest {
        // Images and webhooks may be the simulators' on this machine.
        let policy = AddressPolicy(allowed: [try CIDR(parsing: "127.0.0.0/8")])
        let configuration = RequestReaderConfiguration(maxLots: 50_000, addressPolicy: policy)
        let reader = RequestReader(configuration: configuration, keys: SignatureKeys(shared: Self.key), sink: sink)
        try reader.feed(body.bytes)
        let head = String(decoding: body.head(for: try Target(baseURL: "http://x", key: Self.key)), as: UTF8.self)
        let signature = head.firstMatch(of: #/X-Signature: ([^\r]*)/#).map { String($0.output.1) }
        return try reader.finish(signature: signature)
    }

    static let forms: [(WireForm, SignaturePlace)] = [
        (.utf8, .body), (.utf8, .header), (.ascii, .body), (.ascii, .header),
    ]

    @Test("C1.2, C1.3: the service accepts them in either form, signed in either place", arguments: forms)
    func accepted(wire: WireForm, signs: SignaturePlace) throws {
        var spec = BatchSpec(lots: 300, filling: .bytes(400_000), seed: 5, wire: wire, signs: signs)
        spec.languages = ["en", "pt-BR"]
        let body = try make(spec)
        let sink = Sink()
        let request = try read(body, sink)
        #expect(request.lotCount == 300 && request.languages == ["en", "pt-BR"])
        #expect(request.imageCount == body.pictures && body.pictures > 300)
        #expect(Set(sink.ids).count == 300)
        // Never above the size, and within one percent of it.
        #expect(body.count <= 400_000 && body.count > 396_000, "\(body.count)")
        let isASCII = body.bytes.allSatisfy { $0 < 0x80 }
        #expect(isASCII == (wire == .ascii))
        let all = sink.texts.joined()
        for piece in ["🚙", "дверь", "门", "ß", "\"", "\\", "\n", "\t"] where piece != "дверь" {
            #expect(all.contains(piece), "\(piece)")
        }
        #expect(all.contains("двери"))
    }

    @Test("the same arguments give the same bytes, another seed others; both forms have the same content")
    func deterministic() throws {
        func bytes(_ seed: Int) throws -> [UInt8] {
            try make(BatchSpec(lots: 20, filling: .bytes(20_000), seed: seed)).bytes
        }
        #expect(try bytes(1) == bytes(1))
        #expect(try bytes(1) != bytes(2))
        func lots(_ wire: WireForm) throws -> JSONValue? {
            let body = try make(BatchSpec(lots: 20, filling: .pictures(3), wire: wire))
            let json = try JSONValue.parse(body.bytes)
            return json["lots"]
        }
        #expect(try lots(.utf8) == lots(.ascii))
    }

    @Test("pictures and webhooks have the configured addresses")
    func addresses() throws {
        var spec = BatchSpec(lots: 3, filling: .pictures(2), signs: .header)
        spec.pictures = try PictureAddresses("http://127.0.0.1:80/p/{n}.png?x")
        spec.webhooks = ["http://127.0.0.1:1/ok/", "http://127.0.0.1:2/ok/"]
        let body = try make(spec)
        let sink = Sink()
        #expect(try read(body, sink).webhookConfigured)
        #expect(sink.webhooks == ["http://127.0.0.1:1/ok/0", "http://127.0.0.1:2/ok/1", "http://127.0.0.1:1/ok/2"])
        let text = String(decoding: body.bytes, as: UTF8.self)
        for number in 0..<6 { #expect(text.contains("\"http://127.0.0.1:80/p/\(number).png?x\"")) }
        #expect(try PictureAddresses("http://h:1") == .numbered(before: "http://h:1/car/", after: ".jpg"))
        #expect(throws: DriverError.self) { try PictureAddresses("ftp://h") }
        #expect(throws: DriverError.self) { try PictureAddresses("http://h/\"") }
    }

    @Test("a compressed body is valid gzip and inflates to the plain one")
    func compressed() throws {
        var spec = BatchSpec(lots: 2000, filling: .bytes(1_000_000), seed: 3)
        let plain = try make(spec)
        spec.isCompressed = true
        let packed = try make(spec)
        #expect(packed.count < plain.count / 2 && packed.plainBytes == plain.count)
        let head = String(decoding: packed.head(for: try Target(baseURL: "http://x", key: "k")), as: UTF8.self)
        #expect(head.contains("\r\nContent-Encoding: gzip\r\n"))
        #expect(head.contains("\r\nContent-Length: \(packed.count)\r\n"))
        #expect(try gunzip(packed.bytes) == plain.bytes)
    }

    private func gunzip(_ bytes: [UInt8]) throws -> [UInt8] {
        let folder = FileManager.default.temporaryDirectory
        let packed = folder.appendingPathComponent("body-\(UUID().uuidString).gz")
        let plain = packed.deletingPathExtension()
        try Data(bytes).write(to: packed)
        defer { try? FileManager.default.removeItem(at: plain) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["gzip", "-d", packed.path]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return [UInt8](try Data(contentsOf: plain))
    }

    @Test("impossible bodies are refused")
    func impossible() {
        let bad = [
            BatchSpec(lots: 1000, filling: .bytes(10_000)), BatchSpec(lots: 2, filling: .bytes(10_000_000)),
            BatchSpec(lots: 0, filling: .pictures(1)),
            BatchSpec(lots: 2, filling: .pictures(1), signs: .header, isCompressed: true),
            BatchSpec(lots: 2, filling: .pictures(1), languages: []),
        ]
        for spec in bad { #expect(throws: DriverError.self) { try make(spec) } }
    }
}
