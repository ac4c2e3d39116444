// The inputs that Fuzz/ keeps, each through its target: seeds, and whatever has ever been wrong. Then each of them
// damaged a little, by a fixed seed: a short run of the fuzzers for every build.
import Foundation
import FuzzTargets
import TestSupport
import Testing

@Suite("Fuzz targets", .timeLimit(.minutes(3)))
struct ReplayTests {
    private static let replay = FuzzReplay(
        folder: URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Fuzz").standardizedFileURL
            .path)

    @Test("what is kept shows no flaw", arguments: FuzzTarget.allCases)
    func kept(target: FuzzTarget) throws {
        let seeds = try Self.replay.seeds(of: target)
        #expect(seeds.count >= 15)
        for input in try seeds + Self.replay.regressions(of: target) {
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
        let seeds = try Self.replay.seeds(of: target)
        let flaw = Self.replay.flaw(of: target, like: seeds, count: target == .http ? 400 : 1500)
        #expect(flaw == nil)
    }
}
