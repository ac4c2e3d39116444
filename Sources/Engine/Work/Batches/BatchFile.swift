// The file of a provider batch while it is built and uploaded: in memory up to a bound, then in a file without a name.
// Frees: the descriptor, in `close`. Thread: the loop's.

/// Written once from the front, then read as often as needed. Always close it.
final class BatchFile {
    /// Most bytes in memory before a file is opened.
    static let memoryMax = 1024 * 1024
    /// Bytes per read.
    static let readBytes = 256 * 1024

    private let loop: Loop
    private let directory: String
    private var memory: [UInt8] = []
    private var file: LoopFile?
    /// Bytes of `file` written so far.
    private var stored = 0

    /// Loop thread.
    init(directory: String, on loop: Loop) {
        self.loop = loop
        self.directory = directory
    }

    /// Bytes appended so far.
    var length: Int { stored + memory.count }

    /// Appends; returns once no more than ``memoryMax`` bytes are in memory. One caller at a time.
    func append(_ bytes: [UInt8]) async throws(SystemError) {
        memory.append(contentsOf: bytes)
        guard memory.count >= BatchFile.memoryMax else { return }
        let full = memory
        memory = []
        memory.reserveCapacity(BatchFile.memoryMax)
        if file == nil { file = try await LoopFile.spool(in: directory, on: loop) }
        try await file?.write(full, at: stored)
        stored += full.count
    }

    /// Returns the bytes from `offset`, at most ``readBytes``; empty at the end.
    func read(at offset: Int) async throws(SystemError) -> [UInt8] {
        if offset < stored, let file {
            return try await file.read(at: offset, count: min(BatchFile.readBytes, stored - offset))
        }
        let start = offset - stored
        guard start < memory.count else { return [] }
        return Array(memory[start..<min(memory.count, start + BatchFile.readBytes)])
    }

    func close() async {
        memory = []
        await file?.close()
        file = nil
    }
}
