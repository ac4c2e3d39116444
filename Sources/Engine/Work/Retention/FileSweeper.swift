// Deletes leftover files at the provider: input, output and error files of finished batches, and unused uploads. One
// per instance; deleting a file twice is harmless. Loop-bound.
import Logging

public final class FileSweeper: BackgroundService {
    /// Most batches per step.
    private static let batchesMax = 50
    /// Interval of searches for uploads without a batch, seconds, and the age below
    /// which such an upload may still be used.
    public static let orphanSeconds = 3600.0

    private let loop: Loop
    private let database: Database
    private let openAI: OpenAIClient
    private let everySeconds: Double
    private let log = Logger(label: "retention")
    private var task: Task<Void, Never>?

    /// - Parameter everySeconds: interval of the passes.
    public init(on loop: Loop, database: Database, openAI: OpenAIClient, everySeconds: Double) {
        self.loop = loop
        self.database = database
        self.openAI = openAI
        self.everySeconds = everySeconds
    }

    public func start() {
        task = loop.spawn { [weak self] in await self?.run() }
    }

    public func stop() async {
        task?.cancel()
        await task?.value
    }

    private func run() async {
        var orphansDue = Monotonic.seconds() + Self.orphanSeconds
        while !Task.isCancelled {
            do {
                try await runOnce()
                if Monotonic.seconds() >= orphansDue {
                    orphansDue = Monotonic.seconds() + Self.orphanSeconds
                    _ = try await sweepOrphans(olderThan: Self.orphanSeconds)
                }
            } catch {
                if Task.isCancelled { return }
                log.debug("files at the provider could not be deleted; retrying later", metadata: ["error": "\(error)"])
            }
            do { try await loop.sleep(seconds: everySeconds) } catch { return }
        }
    }

    /// Deletes the files of all finished batches. Files of another account stay; they expire after its 30 days.
    public func runOnce() async throws {
        while true {
            let batches = try await ProviderFiles.done(
                database, account: openAI.configuration.account, limit: Self.batchesMax)
            for batch in batches {
                try await LogContext.with(job: batch.job, request: batch.requestID) {
                    for file in batch.files { try await delete(file) }
                }
                try await ProviderFiles.gone(database, batch: batch.batch)
                CrashPoint.filesGoneCommitted.pass()
            }
            if batches.count < Self.batchesMax { return }
        }
    }

    /// Deletes a file. If the provider refuses, logs that and returns, so that the other files are still deleted.
    private func delete(_ file: String) async throws(OpenAIError) {
        CrashPoint.fileDeleting.pass()
        do throws(OpenAIError) { try await openAI.deleteFile(file) } catch {
            guard case .api(let status, _, _) = error.kind, status == 400 || status == 422 else { throw error }
            log.warning("OpenAI refused to delete a file", metadata: ["file": "\(file)", "reason": "\(error.reason)"])
        }
        CrashPoint.fileDeleted.pass()
    }

    /// Deletes uploads that no batch will use, because their reply was lost and another upload replaced them.
    /// - Returns: the number of deleted files.
    public func sweepOrphans(olderThan seconds: Double) async throws -> Int {
        let limit = Int((Timestamp.now() + -seconds).seconds)
        var (deleted, walk) = (0, ListWalk())
        var after: String?
        repeat {
            let page = try await openAI.listFiles(after: after)
            let uploads = page.files.filter { $0.createdAt <= limit }.compactMap { file in
                Self.batch(file.name).map { (batch: $0, file: file.id) }
            }
            for file in try await ProviderFiles.orphans(database, uploads) {
                try await delete(file)
                deleted += 1
            }
            let goesOn = try walk.goesOn(after: page.files.map { ($0.id, $0.createdAt) })
            after = goesOn ? page.next : nil
        } while after != nil
        if deleted > 0 { log.info("unused uploads deleted", metadata: ["files": "\(deleted)"]) }
        return deleted
    }

    /// Returns the batch that an upload is named after.
    private static func batch(_ name: String) -> Identifier? {
        name.hasSuffix(".jsonl") ? Identifier(String(name.dropLast(6))) : nil
    }
}
