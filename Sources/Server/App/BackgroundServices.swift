// Makes all background services; no other file makes one. Thread: the shard's loop.
import Engine
import Logging

/// The parts of a shard that background services are made from.
struct ShardParts {
    let loop: Loop
    /// 0 is the first shard; it also runs the tasks that an instance needs once.
    let number: Int
    let config: Config
    /// The same for all shards of a process.
    let work: WorkConfiguration
    let database: Database
    let http: HTTPClient
    let openAI: OpenAIClient
    let images: ImageFetcher
    let keys: SignatureKeys
    let webhooks: WebhookMetrics
}

enum BackgroundServices {
    /// Makes the services that every shard runs.
    static func make(for parts: ShardParts) -> [any BackgroundService] {
        let listener = DatabaseListener(on: parts.loop, configuration: parts.database.configuration)
        return [dispatcher(parts, listener), sender(parts, listener)]
            + (parts.number == 0 ? [pruner(parts), sweeper(parts)] : [])
    }

    /// Runs once per process, on the first shard. It starts before the services of all shards and stops after them.
    static func heartbeat(for parts: ShardParts) -> Heartbeat? {
        guard parts.number == 0 else { return nil }
        return Heartbeat(on: parts.loop, database: parts.database, configuration: parts.work)
    }

    private static func dispatcher(_ parts: ShardParts, _ listener: DatabaseListener) -> JobDispatcher {
        let context = JobContext(
            loop: parts.loop, database: parts.database, openAI: parts.openAI, images: parts.images,
            configuration: parts.work, languageName: Languages.englishName)
        return JobDispatcher(context: context, listener: listener)
    }

    private static func pruner(_ parts: ShardParts) -> Pruner {
        Pruner(on: parts.loop, database: parts.database, keepSeconds: parts.config.retentionDays * 86_400)
    }

    private static func sweeper(_ parts: ShardParts) -> FileSweeper {
        FileSweeper(
            on: parts.loop, database: parts.database, openAI: parts.openAI, everySeconds: parts.work.pollSeconds)
    }

    private static func sender(_ parts: ShardParts, _ listener: DatabaseListener) -> WebhookSender {
        var configuration = WebhookConfiguration(
            keys: parts.keys, incarnation: parts.work.incarnation, addresses: parts.config.addressPolicy)
        configuration.schedule = DeliverySchedule(
            attemptsMax: parts.config.webhookAttempts, baseSeconds: parts.config.webhookRetryBaseSeconds)
        configuration.timeoutSeconds = parts.config.webhookTimeoutSeconds
        configuration.pollSeconds = min(configuration.pollSeconds, parts.config.workerPollSeconds)
        configuration.silentSeconds = parts.work.silentSeconds
        configuration.graceSeconds = parts.config.shutdownGraceSeconds
        return WebhookSender(
            on: parts.loop, database: parts.database, listener: listener, http: parts.http,
            configuration: configuration, metrics: parts.webhooks)
    }
}

extension WorkConfiguration {
    /// The operator's settings; one value for the whole process, because it holds the process's incarnation.
    init(_ config: Config) {
        self.init(label: config.instanceID)
        pollSeconds = config.workerPollSeconds
        imageMode = config.imageMode ?? .url
        spoolDirectory = config.spoolDirectory
        graceSeconds = config.shutdownGraceSeconds
        deadline = JobDeadline(hours: config.deadlineHours)
        settleSeconds = config.settleSeconds
        usesBatches = config.usesBatches
        parallelCalls = config.parallelCalls
        #if CRASH_POINTS
        if let seconds = CrashPoint.silentSeconds { (silentSeconds, heartbeatSeconds) = (seconds, seconds / 4) }
        #endif
        guard let tokens = config.enqueuedTokensMax else { return }
        enqueuedTokens = tokens
        batchBounds.tokens = QueueShare.batchTokens(limit: tokens)
    }
}
