// Where lots wait until their signature holds: memory to a bound, then an unlinked file, for what is not verified is
// never kept. Thread: the loop's. Frees: the file's descriptor when the spool is discarded or dropped.
import Engine

/// Bytes in, then the same bytes out. Loop-bound.
final class Spool {
    /// Held in memory before a file is used, and waiting for the file's writes at most (plus one append).
    static let memoryBytes = 1024 * 1024
    /// Read back at a time.
    static let blockBytes = 256 * 1024

    private let loop: Loop
    private let directory: String
    private let memoryBytes: Int
    private var buffer: [UInt8] = []
    private var file: LoopFile?
    private var writtenBytes = 0
    private var readBytes = 0
    private var writer: LoopTask<Void>?
    private var isWriting = false
    private var isSealed = false
    /// Counts resets: a write that was under way during one does not count.
    private var edition = 0

    /// The disk failed; what was appended is lost.
    private(set) var failure: SystemError?
    /// Called when the writes have caught up, or failed.
    var whenDrained: (() -> Void)?

    init(on loop: Loop, directory: String, memoryBytes: Int = Spool.memoryBytes) {
        self.loop = loop
        self.directory = directory
        self.memoryBytes = memoryBytes
    }

    /// The producer should pause until ``whenDrained``.
    var isCongested: Bool { isWriting && failure == nil && buffer.count > memoryBytes }

    /// Appends what `body` appends to the buffer.
    func append(_ body: (inout [UInt8]) -> Void) {
        body(&buffer)
        if buffer.count > memoryBytes, !isWriting, failure == nil { startWriting() }
    }

    /// Forgets everything so far.
    func reset() {
        buffer.removeAll(keepingCapacity: true)
        writtenBytes = 0
        edition += 1
    }

    /// In memory just now.
    var heldBytes: Int { buffer.count }

    /// What was appended, if all of it is still in memory; the spool is empty then.
    func takeMemory() -> [UInt8]? {
        guard !isWriting, file == nil, failure == nil else { return nil }
        defer { buffer = [] }
        return buffer
    }

    /// The next block of what was appended; nil at the end. No more may be appended once this was called.
    func next() async throws -> [UInt8]? {
        isSealed = true
        if let writer { try await writer.value() }
        if let failure { throw failure }
        if readBytes < writtenBytes, let file {
            let block = try await file.read(at: readBytes, count: min(Spool.blockBytes, writtenBytes - readBytes))
            guard !block.isEmpty else { throw SpoolCut() }
            readBytes += block.count
            return block
        }
        guard !buffer.isEmpty else { return nil }
        defer { buffer = [] }
        return buffer
    }

    /// Lets go of memory and disk. Idempotent.
    func discard() {
        isSealed = true
        buffer = []
        file = nil  // its descriptor is closed when the write under way, if any, has ended
        whenDrained = nil
    }

    private func startWriting() {
        isWriting = true
        writer = LoopTask(on: loop) { [self] in
            do throws(SystemError) { try await writeOut() } catch { failure = error }
            isWriting = false
            writer = nil
            whenDrained?()
        }
        if !isWriting { writer = nil }  // it failed at once
    }

    private func writeOut() async throws(SystemError) {
        let target: LoopFile
        if let file { target = file } else { target = try await LoopFile.spool(in: directory, on: loop) }
        if isSealed && buffer.isEmpty { return }  // discarded meanwhile
        file = target
        while buffer.count >= Spool.blockBytes, !isSealed {
            let (bytes, before) = (buffer, edition)
            buffer = []
            try await target.write(bytes, at: writtenBytes)
            if before == edition { writtenBytes += bytes.count }
        }
    }
}

/// The spool's file is shorter than what was written to it.
struct SpoolCut: Error {}
