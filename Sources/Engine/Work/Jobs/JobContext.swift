// The parts that the job engine of one shard works with. Loop-bound.
import Logging

public final class JobContext {
    let loop: Loop
    let database: Database
    let openAI: OpenAIClient
    let images: ImageFetcher
    let configuration: WorkConfiguration
    let languageName: (String) -> String
    let log: Logger
    /// Places for jobs at work; a waiting job has none.
    let places: LoopBudget
    let calls: DirectCalls

    /// - Parameter languageName: returns a code's English name, for prompts.
    public init(
        loop: Loop, database: Database, openAI: OpenAIClient, images: ImageFetcher, configuration: WorkConfiguration,
        languageName: @escaping (String) -> String
    ) {
        self.loop = loop
        self.database = database
        self.openAI = openAI
        self.images = images
        self.configuration = configuration
        self.languageName = languageName
        log = Logger(label: "jobs")
        places = LoopBudget(configuration.jobsMax, on: loop)
        calls = DirectCalls(configuration.parallelCalls, on: loop)
    }

    var account: String { openAI.configuration.account }

    /// Logs once that this version does not work on the job.
    func leaveAlone(_ job: Identifier, _ error: DatabaseError) {
        guard case .unknownText(let column) = error.kind, configuration.unreadable.isNew(job) else { return }
        database.countUnreadable(column)
        log.error(
            "Background worker: job left alone, a newer version wrote it",
            metadata: ["job": "\(job)", "error": "\(error.message)"])
    }
}
