// The key of the calls. With `OPENAI_API_KEY_FILE` it is read again when the file changes: tokens of Azure and of
// gateways live for an hour. Thread: the loop's; files are read on libuv's thread pool.
import Glibc
import Logging

/// A key in a file.
public struct KeyFile: Sendable, Equatable {
    /// Tells two states of a file apart.
    struct Stamp: Sendable, Equatable {
        let device: UInt
        let inode: UInt
        let size: Int
        let seconds: Int
        let nanoseconds: Int
    }

    public let key: String
    let stamp: Stamp

    static let bytesMax = 64 * 1024

    /// Reads the file, without white space around the key. Blocks.
    public static func read(_ path: String) -> Result<KeyFile, InvalidSetting> {
        // The stamp first: a change while the file is read then shows at the next look.
        guard let stamp = stamp(path) else { return .failure(InvalidSetting("cannot be read")) }
        guard let file = fopen(path, "re") else { return .failure(InvalidSetting("cannot be read")) }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: bytesMax + 1)
        let count = fread(&bytes, 1, bytes.count, file)
        guard ferror(file) == 0 else { return .failure(InvalidSetting("cannot be read")) }
        guard count <= bytesMax else { return .failure(InvalidSetting("is longer than \(bytesMax) bytes")) }
        let text = bytes[..<count].trimming { $0 <= 0x20 }
        guard !text.isEmpty else { return .failure(InvalidSetting("is empty")) }
        guard text.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return .failure(InvalidSetting("must hold one key of visible ASCII characters"))
        }
        return .success(KeyFile(key: String(decoding: text, as: UTF8.self), stamp: stamp))
    }

    static func stamp(_ path: String) -> Stamp? {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return nil }
        return Stamp(
            device: UInt(facts.st_dev), inode: UInt(facts.st_ino), size: Int(facts.st_size),
            seconds: facts.st_mtim.tv_sec, nanoseconds: facts.st_mtim.tv_nsec)
    }
}

/// The present key. Loop-bound.
final class ProviderKey {
    private(set) var value: String
    private let path: String?
    private let freshSeconds: Double
    private let loop: Loop
    private let log: Logger
    private var stamp: KeyFile.Stamp?
    private var lookedAt = -Double.infinity
    private var isLooking = false
    /// The last look failed, and the log says so.
    private var isBroken = false

    init(_ configuration: OpenAIConfiguration, on loop: Loop, log: Logger) {
        value = configuration.apiKey
        path = configuration.keyFile
        freshSeconds = configuration.keyFileSeconds
        self.loop = loop
        self.log = log
    }

    /// Looks at the file unless that was done a moment ago. A file that cannot be used leaves the last key.
    func refresh() async {
        guard path != nil, !isLooking, Monotonic.seconds() - lookedAt >= freshSeconds else { return }
        await look()
    }

    /// Looks at the file at once, because the key was refused.
    /// - Returns: whether `refused` is no longer the key.
    func renewed(_ refused: String) async -> Bool {
        if path != nil, !isLooking, value == refused { await look() }
        return value != refused
    }

    private func look() async {
        guard let path else { return }
        isLooking = true
        defer { isLooking = false }
        lookedAt = Monotonic.seconds()
        let known = stamp
        let found = await LoopWork.run(on: loop) { () -> Result<KeyFile, InvalidSetting>? in
            known != nil && KeyFile.stamp(path) == known ? nil : KeyFile.read(path)
        }
        switch found {
        case nil: break
        case .success(let file)?:
            if stamp != nil || isBroken, file.key != value { log.info("OPENAI_API_KEY_FILE was read again") }
            (value, stamp, isBroken) = (file.key, file.stamp, false)
        case .failure(let problem)?:
            if !isBroken {
                log.warning(
                    "OPENAI_API_KEY_FILE \(problem); the key before it stays in use", metadata: ["file": "\(path)"])
            }
            isBroken = true
        }
    }
}
