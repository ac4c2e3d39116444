// The inputs in Fuzz/, each through its target: seeds and past finds. Then mutations of each with a fixed seed: a short
// run of the fuzzers for every build.
import Foundation
import FuzzTargets
import TestSupport
import Testing

@Suite("Fuzz targets", .timeLimit(.minutes(3)))
struct ReplayTests {
    private static let replay = FuzzReplay(
        folder: URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Fuzz").standardizedFileURL
            .path)

    @Test("stored inputs show no flaw", arguments: FuzzTarget.allCases)
    func kept(target: FuzzTarget) throws {
        let seeds = try Self.replay.seeds(of: target)
        #expect(seeds.count >= 15)
        for input in try seeds + Self.replay.regressions(of: target) {
            let flaw = target.flaw(in: input.bytes)
            #expect(flaw == nil, "\(input.name)")
        }
    }

    /// As long as the fuzzer's own inputs: the reference does not support a depth of 100,000.
    @Test("JSONTestSuite's cases: reader, writer and reference agree on each")
    func suite() throws {
        for input in try JSONTestCase.all() where input.bytes.count <= 2048 {
            let flaw = FuzzTarget.json.flaw(in: input.bytes)
            #expect(flaw == nil, "\(input.name)")
        }
    }

    /// One or two thousand, which costs every build one or two seconds; `make fuzz` runs more.
    @Test("mutated inputs show no flaw", arguments: FuzzTarget.allCases)
    func damaged(target: FuzzTarget) throws {
        let seeds = try Self.replay.seeds(of: target)
        let flaw = Self.replay.flaw(of: target, like: seeds, count: target == .http ? 400 : 1500)
        #expect(flaw == nil)
    }
}
