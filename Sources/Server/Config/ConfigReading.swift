// Reads the environment variables and checks their values (C8). Pure, except that it checks whether SPOOL_DIR is
// writable.
import Engine
import Glibc

extension Config {
    /// Reads and checks all settings.
    /// - Throws: one error with all mistakes.
    public static func read(environment: [String: String]) throws(ConfigError) -> Config {
        var settings = SettingsReader(environment)
        var config = Config()
        config.readKeys(&settings)
        config.readPlace(&settings, environment)
        config.readLimits(&settings)
        config.readWork(&settings)
        config.readOpenAI(&settings)
        config.readWayToOpenAI(&settings, environment)
        config.judgeOpenAI(&settings)
        guard settings.problems.isEmpty else { throw ConfigError(problems: settings.problems) }
        return config
    }

    private mutating func readKeys(_ settings: inout SettingsReader) {
        databaseURL = settings.requiredSecret("DATABASE_URL")
        let isURL = ["postgresql://", "postgres://"].contains(where: databaseURL.value.hasPrefix)
        if !databaseURL.value.isEmpty, !isURL {
            settings.complain("DATABASE_URL must begin with postgresql://")
        } else if isURL, let problem = DatabaseConfiguration(url: databaseURL.value).problem {
            settings.complain("DATABASE_URL: \(problem)")
        }
        sharedKey = settings.requiredSecret("SHARED_KEY")
        if !sharedKey.value.isEmpty, sharedKey.value.count < Limits.sharedKeyCharacters {
            settings.complain(
                "SHARED_KEY must have at least \(Limits.sharedKeyCharacters) characters; "
                    + "it has \(sharedKey.value.count)"
            )
        }
        previousSharedKey = settings.secret("SHARED_KEY_PREVIOUS").map { Secret($0) }
        if let previous = previousSharedKey, previous.value.count < Limits.sharedKeyCharacters {
            settings.complain("SHARED_KEY_PREVIOUS must have at least \(Limits.sharedKeyCharacters) characters")
        }
        sessionSecret = settings.secret("SESSION_SECRET").map { Secret($0) }
        acceptNodeExampleSignatures = settings.flag("ACCEPT_NODE_EXAMPLE_SIGNATURES", false)
    }

    private mutating func readPlace(_ settings: inout SettingsReader, _ environment: [String: String]) {
        bind = settings.address("BIND", bind)
        if settings.raw("METRICS_BIND", keepEmpty: true) == "" {
            metricsBind = nil
        } else {
            metricsBind = metricsBind.map { settings.address("METRICS_BIND", $0) }
        }
        workerThreads = settings.integer("WORKER_THREADS", Config.cores, 1...256)
        spoolDirectory = settings.folder("SPOOL_DIR", spoolDirectory)
        instanceID = settings.raw("INSTANCE_ID") ?? "\(Config.hostName):\(bind.port)"
        if instanceID.utf8.count > 200 { settings.complain("INSTANCE_ID must not be longer than 200 bytes") }
        shutdownGraceSeconds = settings.amount("SHUTDOWN_GRACE", "seconds", shutdownGraceSeconds, 0...3600)
        readLog(&settings)
    }

    private mutating func readLog(_ settings: inout SettingsReader) {
        logFile = settings.raw("LOG_FILE", keepEmpty: true) ?? logFile
        if logFile?.isEmpty == true { logFile = nil }
        if let name = settings.raw("LOG_LEVEL") {
            let level = LogLine.level(named: name)
            if level == nil { settings.complain("LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR") }
            logLevel = level ?? logLevel
        }
        if let name = settings.raw("LOG_FORMAT") {
            let format = LogFormat(rawValue: name.lowercased())
            if format == nil { settings.complain("LOG_FORMAT must be text or json") }
            logFormat = format ?? logFormat
        }
    }

    private mutating func readLimits(_ settings: inout SettingsReader) {
        lotsMax = settings.integer("MAX_BATCH_SIZE", lotsMax, 1...Limits.lotsPerRequest)
        rates.synchronous = settings.integer("RATE_LIMIT_SYNC", rates.synchronous, 0...RateLimiter.largestRate)
        rates.batch = settings.integer("RATE_LIMIT_BATCH", rates.batch, 0...RateLimiter.largestRate)
        rates.poll = settings.integer("RATE_LIMIT_POLL", rates.poll, 0...RateLimiter.largestRate)
        trustedProxies = settings.networks("TRUSTED_PROXIES", Config.loopback)
        allowedPrivateNetworks = settings.networks("ALLOWED_PRIVATE_NETWORKS", [])
    }

    private mutating func readWork(_ settings: inout SettingsReader) {
        workerPollSeconds = settings.amount("WORKER_POLL_INTERVAL", "seconds", workerPollSeconds, 0.01...3600)
        retentionDays = settings.amount("RETENTION_DAYS", "days", retentionDays, 0.001...36_500)
        deadlineHours = settings.amount("DEADLINE_HOURS", "hours", deadlineHours, 0.001...8760)
        webhookTimeoutSeconds = settings.amount("WEBHOOK_TIMEOUT", "seconds", webhookTimeoutSeconds, 0.05...600)
        webhookAttempts = settings.integer("WEBHOOK_MAX_RETRIES", webhookAttempts, 1...100)
        webhookRetryBaseSeconds = settings.amount(
            "WEBHOOK_RETRY_BASE", "seconds", webhookRetryBaseSeconds, 0.01...86_400)
    }

    private mutating func readOpenAI(_ settings: inout SettingsReader) {
        visionModels = settings.list("OPENAI_MODEL_VISION", visionModels)
        translationModels = settings.list("OPENAI_MODEL_TRANSLATION", translationModels)
        visionBatchModels = settings.list("OPENAI_MODEL_VISION_BATCH", visionBatchModels)
        translationBatchModels = settings.list("OPENAI_MODEL_TRANSLATION_BATCH", translationBatchModels)
        outputTokensMax = settings.integer("OPENAI_MAX_TOKENS", outputTokensMax, 16...1_000_000)
        readTemperature(&settings)
        readEfforts(&settings)
        readImages(&settings)
        readFileLives(&settings)
        usesBatches = settings.flag("OPENAI_BATCHES", usesBatches)
        parallelCalls = settings.integer("OPENAI_PARALLEL_CALLS", parallelCalls, 1...256)
        if settings.raw("OPENAI_ENQUEUED_TOKENS") != nil {
            enqueuedTokensMax = settings.integer("OPENAI_ENQUEUED_TOKENS", 1, 1...1_000_000_000_000)
        }
        settleSeconds = settings.amount("OPENAI_SETTLE", "seconds", settleSeconds, 0.1...21_600)
    }

    /// Reads where the provider is, the way to it, and the credentials.
    private mutating func readWayToOpenAI(_ settings: inout SettingsReader, _ environment: [String: String]) {
        openAIBaseURL = settings.raw("OPENAI_BASE_URL") ?? openAIBaseURL
        openAIOrganization = settings.raw("OPENAI_ORG_ID")
        openAIProject = settings.raw("OPENAI_PROJECT_ID")
        openAIHeaders = settings.value("OPENAI_HEADERS", openAIHeaders, ProviderHeaders.init(parsing:))
        openAIExtraBody = settings.value("OPENAI_EXTRA_BODY", openAIExtraBody, ExtraBody.init(parsing:))
        openAIProxies = settings.value("OPENAI_PROXY", nil) { text throws(InvalidSetting) in
            text.lowercased() == "environment"
                ? try OutboundProxies(environment: environment) : OutboundProxies(try OutboundProxy(parsing: text))
        }
        openAIKeyFile = settings.raw("OPENAI_API_KEY_FILE")
        if let path = openAIKeyFile {
            if settings.secret("OPENAI_API_KEY") != nil {
                settings.complain("OPENAI_API_KEY and OPENAI_API_KEY_FILE must not both be set")
            }
            switch KeyFile.read(path) {
            case .success(let file): openAIKey = Secret(file.key)
            case .failure(let problem): settings.complain("OPENAI_API_KEY_FILE \(problem)")
            }
        } else if openAIHeaders.credential == nil {
            openAIKey = settings.requiredSecret("OPENAI_API_KEY")
        } else {
            openAIKey = Secret(settings.secret("OPENAI_API_KEY") ?? "")
        }
    }

    private func judgeOpenAI(_ settings: inout SettingsReader) {
        // A missing key has been reported already.
        for problem in openAI.problems() where !(openAIKey.value.isEmpty && problem.hasPrefix("OPENAI_API_KEY ")) {
            settings.complain(problem)
        }
    }

    private mutating func readEfforts(_ settings: inout SettingsReader) {
        let efforts = [
            ("OPENAI_REASONING_EFFORT_VISION", \Config.visionEffort),
            ("OPENAI_REASONING_EFFORT_TRANSLATION", \Config.translationEffort),
        ]
        for (name, effort) in efforts {
            guard let text = settings.raw(name)?.lowercased() else { continue }
            if text == "default" {
                self[keyPath: effort] = .providers
            } else if let chosen = ReasoningEffort(rawValue: text) {
                self[keyPath: effort] = .chosen(chosen)
            } else {
                let all = ReasoningEffort.allCases.map(\.rawValue).joined(separator: ", ")
                settings.complain("\(name) must be \(all) or default")
            }
        }
    }

    private mutating func readImages(_ settings: inout SettingsReader) {
        if let mode = settings.raw("OPENAI_IMAGE_MODE") {
            imageMode = ImageMode(rawValue: mode.lowercased())
            if imageMode == nil { settings.complain("OPENAI_IMAGE_MODE must be url or inline") }
        }
        guard let text = settings.raw("OPENAI_IMAGE_DETAIL")?.lowercased() else { return }
        if let detail = ImageDetail(rawValue: text) {
            imageDetail = detail
        } else {
            let reason = text == "auto" ? ": auto lets the model choose, and newer models choose original" : ""
            settings.complain("OPENAI_IMAGE_DETAIL must be low, high or original\(reason)")
        }
    }

    private mutating func readFileLives(_ settings: inout SettingsReader) {
        let input = settings.integer("OPENAI_INPUT_EXPIRES_DAYS", inputFileDays ?? 0, 0...30)
        let output = settings.integer("OPENAI_OUTPUT_EXPIRES_DAYS", outputFileDays ?? 0, 0...30)
        inputFileDays = input == 0 ? nil : input
        outputFileDays = output == 0 ? nil : output
    }

    /// A variable that is set but empty means: send no temperature to any model.
    private mutating func readTemperature(_ settings: inout SettingsReader) {
        if settings.raw("OPENAI_TEMPERATURE", keepEmpty: true) == "" {
            temperature = nil
        } else {
            temperature = settings.amount("OPENAI_TEMPERATURE", "units", temperature ?? 0.1, 0...2)
        }
    }

    private static let loopback = ["127.0.0.0/8", "::1/128"].compactMap { try? CIDR(parsing: $0) }

    private static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    private static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return String(cBuffer: name)
    }
}
