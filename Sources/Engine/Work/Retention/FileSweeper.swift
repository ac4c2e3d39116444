// Deletes what is left at the provider: input, output and error files of batches that are done with, and uploads that
// came to nothing. One an instance; deleting a file twice does no harm. Loop-bound.
import Logging

public final class FileSweeper: BackgroundService {
    /// Batches of one step.
    private static let batchesMax = 50
    /// Between two looks for uploads that no batch knows of, seconds; younger ones may still be wanted.
    public static let orphanSeconds = 3600.0

    private let loop: Loop
    private let database: Database
    private let openAI: OpenAIClient
    private let everySeconds: Double
    private let log = Logger(label: "retention")
    private var task: Task<Void, Never>?

    /// - Parameter everySeconds: between two looks.
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
                log.debug("files could not be deleted yet", metadata: ["error": "\(error)"])
            }
            do { try await loop.sleep(seconds: everySeconds) } catch { return }
        }
    }

    /// Deletes the files of all batches that are done with. Another account's stay: they lapse after its 30 days.
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

    /// One that the provider refuses to delete must not keep the others from it.
    private func delete(_ file: String) async throws(OpenAIError) {
        CrashPoint.fileDeleting.pass()
        do throws(OpenAIError) { try await openAI.deleteFile(file) } catch {
            guard case .api(let status, _, _) = error.kind, status == 400 || status == 422 else { throw error }
            log.warning("a file cannot be deleted", metadata: ["file": "\(file)", "reason": "\(error.reason)"])
        }
        CrashPoint.fileDeleted.pass()
    }

    /// Deletes uploads that no batch will use: their reply was lost, and another one took their place.
    /// - Returns: how many.
    public func sweepOrphans(olderThan seconds: Double) async throws -> Int {
        let limit = Int((Timestamp.now() + -seconds).seconds)
        var deleted = 0
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
            after = page.next
        } while after != nil
        if deleted > 0 { log.info("uploads that came to nothing deleted", metadata: ["files": "\(deleted)"]) }
        return deleted
    }

    /// The batch that an upload is named after.
    private static func batch(_ name: String) -> Identifier? {
        name.hasSuffix(".jsonl") ? Identifier(String(name.dropLast(6))) : nil
    }
}
