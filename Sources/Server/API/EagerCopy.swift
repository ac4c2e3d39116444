// Copies lots into an open transaction while the rest of their body still arrives, so the database works in parallel
// with the reader. If the signature is invalid, the transaction is rolled back. ``EagerLane`` selects the bodies.
// Without eager copies a body of 200 MB takes 1.8 times as long and 1.7 times the CPU (docs/PERFORMANCE.md, "Ingest").
// Loop-bound.
import Engine

public final class EagerCopy {
    /// Slowest sender, in bytes per second. A slower one would keep a transaction open for too long.
    public static let senderBytesPerSecond = 8_000_000.0
    /// Bytes that may wait for the database; one append may exceed it.
    static let memoryBytes = 1024 * 1024
    /// Bytes per write to the database.
    static let blockBytes = 128 * 1024
    /// Longest time that the sender may take for a block, in seconds: the longest pause of a body. Then the transaction
    /// is given up. With a fast sender the COPY may take `DatabaseSession.lotsSeconds` in total.
    static let patienceSeconds = Limits.bodyPauseSeconds

    private enum Ruling {
        case open
        case commit(lots: Int, end: (DatabaseSession) async throws -> [UInt8])
        case abandoned
    }

    private struct Abandoned: Error {}
    /// The body arrives too slowly to justify an open transaction.
    private struct SenderTooSlow: Error {}

    private let loop: Loop
    private let database: Database
    private var buffer: [UInt8]
    private var verdict = Ruling.open
    private var transaction: LoopTask<[UInt8]>?
    private let alarm: Alarm
    private let patience: Double
    private var hasHandedOn = false

    private(set) var hasFailed = false
    var whenDrained: (() -> Void)?
    /// Called once, after the end of the transaction.
    private var whenEnded: (() -> Void)?

    /// - Parameters:
    /// - beginning: rows that were held in the spool so far.
    /// - patience: longest time that the sender may take for a block, in seconds.
    /// - whenEnded: called once, after the end of the transaction; possibly before this returns.
    init(
        on loop: Loop, database: Database, beginning: [UInt8], patience: Double = EagerCopy.patienceSeconds,
        whenEnded: @escaping () -> Void
    ) {
        self.loop = loop
        self.database = database
        self.patience = patience
        alarm = Alarm(on: loop)
        self.whenEnded = whenEnded
        buffer = beginning
        begin()
    }

    var isCongested: Bool { !hasFailed && buffer.count > EagerCopy.memoryBytes }

    func append(_ body: (inout [UInt8]) -> Void) {
        body(&buffer)
        if buffer.count >= EagerCopy.blockBytes { wake() }
    }

    /// All rows so far, if the transaction failed before any of them was sent to the database. This object holds none
    /// then.
    func takeBack() -> [UInt8]? {
        guard hasFailed, !hasHandedOn else { return nil }
        defer { buffer = [] }
        return buffer
    }

    /// A COPY cannot take rows back, so it fails. The next attempt uses the spool.
    func reset() {
        guard hasHandedOn else { return buffer = [] }
        fail()
    }

    func discard() {
        whenDrained = nil
        guard case .open = verdict else { return }
        verdict = .abandoned
        buffer = []
        wake()
    }

    /// See ``LotStore/commit(lots:_:)``.
    func commit(
        lots: Int, _ end: @escaping (DatabaseSession) async throws -> [UInt8]
    ) async throws -> [UInt8] {
        guard let transaction else { throw JobNotStored() }
        if case .open = verdict {
            verdict = .commit(lots: lots, end: end)
            wake()
        }
        return try await transaction.value()
    }

    // MARK: The transaction

    private func begin() {
        transaction = LoopTask(on: loop) { [self] in
            defer { ended() }
            do {
                return try await database.transaction { [self] session in
                    try await session.copyLots(expecting: { expected }) { try await next() }
                    guard case .commit(_, let end) = verdict else { throw Abandoned() }
                    return try await end(session)
                }
            } catch {
                fail()
                throw error
            }
        }
    }

    private var expected: Int {
        if case .commit(let lots, _) = verdict { lots } else { 0 }
    }

    /// The next bytes for the database; nil when the verdict is to commit and all bytes are taken.
    private func next() async throws -> [UInt8]? {
        let due = Monotonic.seconds() + patience
        while true {
            switch verdict {
            case .abandoned: throw Abandoned()
            case .open where buffer.count < EagerCopy.blockBytes:
                let left = due - Monotonic.seconds()
                guard left > 0 else { throw SenderTooSlow() }
                try await alarm.sleep(seconds: left)
            case .commit where buffer.isEmpty: return nil
            case .open, .commit: return take()
            }
        }
    }

    private func take() -> [UInt8] {
        let bytes = buffer
        buffer = []
        hasHandedOn = true
        whenDrained?()
        return bytes
    }

    private func wake() { alarm.wake() }

    private func fail() {
        hasFailed = true
        if hasHandedOn { buffer = [] }
        if case .open = verdict { verdict = .abandoned }
        wake()
        whenDrained?()
    }

    private func ended() {
        let tell = whenEnded
        whenEnded = nil
        tell?()
    }
}
