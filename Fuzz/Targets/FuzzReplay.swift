// The inputs in Fuzz/, and mutations of them, without libFuzzer: a short run for every build. Thread: any.
import Foundation

/// Reads the stored inputs from the folder Fuzz/ and runs the targets on them.
public struct FuzzReplay: Sendable {
    /// An input in its own file.
    public struct Input: Sendable {
        /// `Corpus/json/empty`, relative to Fuzz/.
        public let name: String
        public let bytes: [UInt8]
    }

    private let folder: URL

    /// - Parameter folder: the path of Fuzz/.
    public init(folder: String) { self.folder = URL(filePath: folder) }

    /// The start inputs of the fuzzers.
    public func seeds(of target: FuzzTarget) throws -> [Input] { try inputs("Corpus", target) }

    /// Inputs that once showed a flaw.
    public func regressions(of target: FuzzTarget) throws -> [Input] { try inputs("Regressions", target) }

    /// Mutates seeds slightly, always in the same way.
    /// - Returns: the first flaw among `count` such inputs, with the input in Base64.
    public func flaw(of target: FuzzTarget, like seeds: [Input], count: Int) -> String? {
        var dice = InputDice(Array(target.rawValue.utf8))
        for _ in 0..<count {
            var bytes = seeds.randomElement(using: &dice)?.bytes ?? []
            for _ in 0..<Int.random(in: 1...4, using: &dice) {
                let other = seeds.randomElement(using: &dice)?.bytes ?? []
                bytes = Mutation.random(of: bytes, with: other, using: &dice)
            }
            if let flaw = target.flaw(in: bytes) { return "\(flaw): \(Data(bytes).base64EncodedString())" }
        }
        return nil
    }

    private func inputs(_ kind: String, _ target: FuzzTarget) throws -> [Input] {
        let place = folder.appending(path: "\(kind)/\(target.rawValue)")
        guard FileManager.default.fileExists(atPath: place.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(at: place, includingPropertiesForKeys: nil)
            .sorted { $0.path < $1.path }
            .map { file in
                let name = "\(kind)/\(target.rawValue)/\(file.lastPathComponent)"
                return Input(name: name, bytes: Array(try Data(contentsOf: file)))
            }
    }
}
