// The inputs that Fuzz/ keeps, each through its target: seeds, and whatever has ever been wrong. Then each of them
// damaged a little, by a fixed seed: a short run of the fuzzers for every build.
import Foundation
import FuzzTargets
import TestSupport
import Testing

@Suite("Fuzz targets", .timeLimit(.minutes(3)))
struct ReplayTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Fuzz").standardizedFileURL

    /// Every file under `Fuzz/KIND/TARGET`, by name.
    private static func inputs(_ kind: String, _ target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
        let place = folder.appendingPathComponent("\(kind)/\(target.rawValue)")
        guard FileManager.default.fileExists(atPath: place.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(at: place, includingPropertiesForKeys: nil)
            .sorted { $0.path < $1.path }
            .map { ("\(kind)/\(target.rawValue)/\($0.lastPathComponent)", Array(try Data(contentsOf: $0))) }
    }

    @Test("what is kept shows no flaw", arguments: FuzzTarget.allCases)
    func kept(target: FuzzTarget) throws {
        let seeds = try Self.inputs("Corpus", target)
        #expect(seeds.count >= 15)
        for input in try seeds + Self.inputs("Regressions", target) {
            let flaw = target.flaw(in: input.bytes)
            #expect(flaw == nil, "\(input.name)")
        }
    }

    /// As long as the fuzzer's own inputs: the reference is not meant for a depth of 100,000.
    @Test("nor do JSONTestSuite's cases: reader, writer and reference agree on each")
    func suite() throws {
        for input in try JSONTestCase.all() where input.bytes.count <= 2048 {
            let flaw = FuzzTarget.json.flaw(in: input.bytes)
            #expect(flaw == nil, "\(input.name)")
        }
    }

    /// A thousand or two, so that every build pays a second or two; `make fuzz` is for more.
    @Test("nor does what is like it", arguments: FuzzTarget.allCases)
    func damaged(target: FuzzTarget) throws {
        let seeds = try Self.inputs("Corpus", target)
        var random = Seeded(20_261_125)
        let rounds = target == .http ? 400 : 1500
        for _ in 0..<rounds {
            var bytes = seeds.randomElement(using: &random)?.bytes ?? []
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let other = seeds.randomElement(using: &random)?.bytes ?? []
                bytes = Mutation.random(of: bytes, with: other, using: &random)
            }
            if let flaw = target.flaw(in: bytes) {
                Issue.record("\(flaw): \(Data(bytes).base64EncodedString())")
                return
            }
        }
    }
}
