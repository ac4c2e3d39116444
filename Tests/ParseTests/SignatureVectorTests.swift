// The published vectors for client authors (docs/signature-vectors.json): the service signs and accepts exactly these.
import Foundation
import TestSupport
import Testing

@testable import Engine

@Suite("C1: the published signature vectors", .timeLimit(.minutes(1)))
struct SignatureVectorTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private let vectors: JSONValue
    private let keys: SignatureKeys

    init() throws {
        let file = Self.root.appending(path: "docs/signature-vectors.json")
        vectors = try JSONValue.parse(Array(try Data(contentsOf: file)))
        keys = SignatureKeys(
            shared: try #require(vectors["key"]?.string), previous: try #require(vectors["previous_key"]?.string))
    }

    private func list(_ name: String) throws -> [JSONValue] {
        let found = try #require(vectors[name]?.array)
        try #require(!found.isEmpty)
        return found
    }

    /// The error of a body; nil for a valid one.
    private func judge(_ body: [UInt8], header: String?, acceptNode: Bool = false) -> ServiceError.Code? {
        let configuration = RequestReaderConfiguration(acceptNodeExample: acceptNode)
        let reader = RequestReader(configuration: configuration, keys: keys, sink: CollectingSink())
        do {
            try reader.feed(body)
            _ = try reader.finish(signature: header)
            return nil
        } catch { return error.code }
    }

    /// Many vectors are invalid lots, an error that is reported only after a valid signature.
    private func isAccepted(_ body: [UInt8], _ header: String?) -> Bool {
        ![.invalidSignature, .missingSignature, .invalidJSON].contains(judge(body, header: header))
    }

    @Test("C1.2: canonical forms and their signatures, in the header or in the body")
    func lots() throws {
        for vector in try list("lots") {
            let body = try #require(vector["body"]?.string)
            let canonical = try #require(vector["canonical"]?.string)
            let signature = try #require(vector["signature"]?.string)
            let name = try #require(vector["name"]?.string)
            let lots = try #require(body.firstRange(of: "\"lots\":")).upperBound
            let bytes = Array(body[lots...].dropLast().utf8)
            var writer = CanonicalWriter()
            writer.write(bytes.span)
            #expect(String(decoding: writer.output, as: UTF8.self) == canonical, "\(name)")
            #expect(keys.sign(canonical) == signature, "\(name)")
            #expect(isAccepted(Array(body.utf8), signature), "\(name)")
            let signed = "{\"signature\":\"\(signature)\"," + body.dropFirst()
            #expect(isAccepted(Array(signed.utf8), nil), "\(name)")
            #expect(judge(Array(signed.utf8), header: keys.sign("x")) == .invalidSignature, "\(name)")
        }
    }

    @Test("C1.3: signatures over the body's bytes")
    func bodies() throws {
        for vector in try list("lots") {
            let body = try #require(vector["body"]?.string)
            let signature = try #require(vector["body_signature"]?.string)
            #expect(keys.sign(body) == signature)
            #expect(isAccepted(Array(body.utf8), signature))
            #expect(judge(Array((body + " ").utf8), header: signature) == .invalidSignature)
        }
    }

    @Test("C1.5, C1.6: signed ids and targets, and the previous key")
    func texts() throws {
        for vector in try list("texts") {
            let text = try #require(vector["text"]?.string)
            let signature = try #require(vector["signature"]?.string)
            #expect(keys.sign(text) == signature)
            try keys.check(signature, over: text)
            #expect(throws: ServiceError.self) { try keys.check(signature, over: text + "/") }
        }
        let old = try #require(vectors["previous_key_lots"]?["signature"]?.string)
        #expect(isAccepted(Array("{\"lots\":[]}".utf8), old))
        #expect(old != keys.sign("[]"))
    }

    @Test("C1.2: bodies that only CPython accepts are 400, even with signed bytes")
    func refused() throws {
        for vector in try list("refused_as_invalid_json") {
            let text = try #require(vector["body_base64"]?.string)
            let body = try #require(Data(base64Encoded: text))
            let signature = try #require(vector["body_signature"]?.string)
            #expect(keys.sign(Array(body)) == signature)
            #expect(judge(Array(body), header: signature) == .invalidJSON)
        }
    }

    @Test("C1.4: the Node example's signature, refused or accepted as configured")
    func nodeExample() throws {
        let vector = try #require(vectors["defect_of_the_node_example"])
        let body = Array(try #require(vector["body"]?.string).utf8)
        let signature = try #require(vector["signature"]?.string)
        #expect(keys.sign(try #require(vector["signed_by_mistake"]?.string)) == signature)
        #expect(judge(body, header: signature) == .invalidSignature)
        #expect(judge(body, header: signature, acceptNode: true) == nil)
    }

    @Test("C6.1, C6.4: a webhook's signatures, also during a rotation of keys")
    func webhooks() throws {
        let shared = try #require(vectors["key"]?.string)
        let secret = "whsec_" + Base64.text(Array(shared.utf8))
        #expect(vectors["standard_webhooks_secret"]?.string == secret)
        for vector in try list("webhooks") {
            let body = try #require(vector["body"]?.string)
            #expect(vector["x_signature"]?.string == keys.sign(body))
            let id = try #require(vector["webhook_id"]?.string)
            let time = try #require(vector["webhook_timestamp"]?.string)
            let signed = Array("\(id).\(time).\(body)".utf8)
            let current = "v1," + Base64.text(keys.shared.digest(of: signed).array)
            #expect(vector["webhook_signature"]?.string == current)
            let old = "v1," + Base64.text(try #require(keys.previous).digest(of: signed).array)
            #expect(vector["webhook_signature_during_rotation"]?.string == "\(current) \(old)")
        }
    }

    @Test("the file is the output of scripts/make-signature-vectors", .enabled(if: Python.isInstalled))
    func current() throws {
        let script = Self.root.appending(path: "scripts/make-signature-vectors").path
        #expect(throws: Never.self) { try Python.run(arguments: [script, "--check"]) }
    }
}
