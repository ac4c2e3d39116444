// Lots that go straight into an open transaction while the rest of their body still comes in, so that the database
// works at the same time as the reader. If the signature does not hold, all of it is rolled back. ``EagerLane`` decides
// which bodies. Without it 200 MB take 1.8 times as long and 1.7 times the CPU (docs/PERFORMANCE.md, "Ingest").
// Loop-bound.
import Engine

public final class EagerCopy {
    /// A slower sender would hold a transaction open for too long; bytes a second.
    public static let senderBytesPerSecond = 8_000_000.0
    /// Waiting for the database at most, plus one append.
    static let memoryBytes = 1024 * 1024
    /// Handed to it at a time.
    static let blockBytes = 128 * 1024
    /// How long the sender may take for a block, seconds: as long as it may pause. The transaction is then given up;
    /// one that is kept busy has `DatabaseSession.lotsSeconds` in all.
    static let patienceSeconds = Limits.bodyPauseSeconds

    private enum Ruling {
        case open
        case commit(lots: Int, end: (DatabaseSession) async throws -> [UInt8])
        case abandoned
    }

    private struct Abandoned: Error {}
    /// The body comes so slowly that it is no reason for an open transaction.
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
    /// Called once, when the transaction has ended.
    private var whenEnded: (() -> Void)?

    /// - Parameters:
    ///   - beginning: rows that have waited elsewhere so far.
    ///   - patience: seconds that the sender may take for a block.
    ///   - whenEnded: called once, when the transaction has ended; perhaps before this returns.
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

    /// All rows so far, if none of them went out before it failed; it is empty then.
    func takeBack() -> [UInt8]? {
        guard hasFailed, !hasHandedOn else { return nil }
        defer { buffer = [] }
        return buffer
    }

    /// Nothing can be taken back out of a COPY: it fails, and the next attempt will go another way.
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

    /// The next bytes for the server; nil when the verdict is to commit and all are handed on.
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
