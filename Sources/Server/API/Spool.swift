// Holds lots until their signature is checked: in memory up to a limit, then in an unlinked file, so unverified data is
// never kept. Thread: the loop's. Frees: the file's descriptor when the spool is discarded or dropped.
import Engine

/// Bytes in, then the same bytes out. Loop-bound.
final class Spool {
    /// Bytes held in memory before a file is used, and limit of the bytes waiting to be written (plus one append).
    static let memoryBytes = 1024 * 1024
    /// Bytes per read.
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
    /// Number of resets. A write that was running during a reset does not count.
    private var edition = 0

    /// The disk failed; the appended bytes are lost.
    private(set) var failure: SystemError?
    /// Called when all writes are done, or after a failure.
    var whenDrained: (() -> Void)?

    init(on loop: Loop, directory: String, memoryBytes: Int = Spool.memoryBytes) {
        self.loop = loop
        self.directory = directory
        self.memoryBytes = memoryBytes
    }

    /// The producer should pause until ``whenDrained``.
    var isCongested: Bool { isWriting && failure == nil && buffer.count > memoryBytes }

    /// Appends the bytes that `body` writes to the buffer.
    func append(_ body: (inout [UInt8]) -> Void) {
        body(&buffer)
        if buffer.count > memoryBytes, !isWriting, failure == nil { startWriting() }
    }

    /// Drops all bytes so far.
    func reset() {
        buffer.removeAll(keepingCapacity: true)
        writtenBytes = 0
        edition += 1
    }

    /// Bytes in memory.
    var heldBytes: Int { buffer.count }

    /// All appended bytes if they are still in memory, else nil. The spool is empty after it returns them.
    func takeMemory() -> [UInt8]? {
        guard !isWriting, file == nil, failure == nil else { return nil }
        defer { buffer = [] }
        return buffer
    }

    /// The next block of the appended bytes; nil at the end. No append is allowed after the first call.
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

    /// Frees memory and disk. Idempotent.
    func discard() {
        isSealed = true
        buffer = []
        file = nil  // the descriptor is closed at the end of a running write
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
        if !isWriting { writer = nil }  // the write failed immediately
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

/// The spool's file is shorter than the bytes written to it.
struct SpoolCut: Error {}
