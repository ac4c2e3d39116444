// Settings from the environment.
import Engine
import Foundation
import Server
import Testing

@Suite("Settings", .timeLimit(.minutes(1)))
struct ConfigTests {
    static let least = [
        "DATABASE_URL": "postgresql://user:hunter2@db:5432/generation_service", "OPENAI_API_KEY": "sk-secret-key",
        "SHARED_KEY": "your-secret-hmac-key-minimum-32-characters-long",
    ]

    func read(_ more: [String: String]) throws -> Config {
        try Config.read(environment: Self.least.merging(more) { $1 })
    }

    @Test("C8: the three required settings are enough; the others have the document's defaults")
    func defaults() throws {
        let config = try read([:])
        #expect(config.bind == BindAddress(host: "0.0.0.0", port: 5000))
        #expect(config.lotsMax == 50_000)
        #expect(config.webhookTimeoutSeconds == 30)
        #expect(config.webhookAttempts == 5)
        #expect(config.workerPollSeconds == 30)
        #expect(config.visionModels == ["o4-mini", "gpt-5.6-terra"])
        #expect(config.translationModels == ["gpt-4.1-mini", "gpt-6-luna"])
        #expect(config.outputTokensMax == 4000)
        #expect(config.temperature == 0.1)
        #expect(config.rates.synchronous == 100 && config.rates.batch == 10 && config.rates.poll == 1000)
        #expect(config.retentionDays == 30)
        #expect(config.deadlineHours == 24 && config.shutdownGraceSeconds == 30)
        #expect(config.instanceID.hasSuffix(":5000"))
        #expect(config.logFile == "logs/generation_service.log")
        #expect(config.metricsBind == BindAddress(host: "127.0.0.1", port: 9464))
        #expect(config.warnings.isEmpty)
    }

    @Test("C8: one message reports all mistakes, without secrets")
    func allMistakes() {
        let mistakes = [
            "SHARED_KEY": "short-secret", "DATABASE_URL": "mysql://root:hunter2@db/x", "MAX_BATCH_SIZE": "50001",
            "BIND": "nowhere", "LOG_LEVEL": "LOUD", "TRUSTED_PROXIES": "10.0.0.0/33", "WEBHOOK_TIMEOUT": "soon",
            "METRICS_BIND": "9464",
        ]
        do {
            _ = try read(mistakes)
            Issue.record("accepted")
        } catch {
            let text = "\(error)"
            for name in mistakes.keys { #expect(text.contains(name), "\(name) is missing from the message") }
            #expect(!text.contains("hunter2") && !text.contains("short-secret"))
        }
    }

    @Test("C1.6: a shared key under 32 characters is refused", arguments: ["SHARED_KEY", "SHARED_KEY_PREVIOUS"])
    func shortKey(name: String) {
        #expect(throws: ConfigError.self) { _ = try read([name: String(repeating: "k", count: 31)]) }
        #expect(throws: Never.self) { _ = try read([name: String(repeating: "k", count: 32)]) }
    }

    @Test("C8: SESSION_SECRET is read and never printed")
    func sessionSecret() throws {
        #expect(try read([:]).sessionSecret == nil)
        let config = try read(["SESSION_SECRET": "your-flask-session-secret-key"])
        #expect(config.sessionSecret?.value == "your-flask-session-secret-key")
        #expect(!"\(config)".contains("flask"))
    }

    @Test("missing settings are named")
    func missing() {
        #expect(
            throws: ConfigError(problems: [
                "DATABASE_URL must be set", "SHARED_KEY must be set", "OPENAI_API_KEY must be set",
            ])
        ) { _ = try Config.read(environment: [:]) }
    }

    @Test("C8: without the key, other mistakes in OpenAI's settings are still reported")
    func withoutTheKey() {
        #expect(
            throws: ConfigError(problems: [
                "OPENAI_API_KEY must be set",
                "OPENAI_BASE_URL must be an http(s) URL with its /v1, without credentials or fragment",
            ])
        ) { _ = try read(["OPENAI_API_KEY": "", "OPENAI_BASE_URL": "ftp://example.com"]) }
    }

    @Test("settings of a compatible provider are read; none is printed")
    func provider() throws {
        let config = try read([
            "OPENAI_BASE_URL": "https://r.openai.azure.com/openai?api-version=1", "OPENAI_ORG_ID": "org-1",
            "OPENAI_PROJECT_ID": "proj-1", "OPENAI_HEADERS": "X-Token: very-secret", "OPENAI_EXTRA_BODY": #"{"a": 1}"#,
            "OPENAI_MODEL_VISION": "a, b", "OPENAI_MODEL_VISION_BATCH": "a-batch, b-batch", "OPENAI_BATCHES": "off",
            "OPENAI_PARALLEL_CALLS": "200", "OPENAI_PROXY": "http://user:hunter3@proxy:3128",
        ])
        #expect(!config.usesBatches && config.parallelCalls == 200)
        #expect(config.openAI.organization == "org-1" && config.openAI.project == "proj-1")
        #expect(config.openAI.headers.fields.map(\.name) == ["X-Token"])
        #expect(config.openAI.extraBody.names == ["a"])
        #expect(config.openAI.visionBatchModels == ["a-batch", "b-batch"])
        #expect(config.openAIOutbound.proxies != nil && config.outbound.proxies == nil)
        var dumped = "\(config)"
        dump(config, to: &dumped)
        for secret in ["very-secret", "hunter3"] { #expect(!dumped.contains(secret)) }
        let fromEnvironment = try read(["OPENAI_PROXY": "environment", "HTTPS_PROXY": "http://proxy:3128"])
        #expect(fromEnvironment.openAIProxies != nil)
        #expect(try read(["HTTPS_PROXY": "http://proxy:3128"]).openAIProxies == nil)
    }

    @Test("the key comes from OPENAI_API_KEY, from a file, or stands in OPENAI_HEADERS")
    func keyPlaces() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "key-\(UUID().uuidString)").path
        try " sk-from-file\n".write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let config = try read(["OPENAI_API_KEY": "", "OPENAI_API_KEY_FILE": path])
        #expect(config.openAI.apiKey == "sk-from-file" && config.openAI.keyFile == path)
        #expect(try read(["OPENAI_API_KEY": "", "OPENAI_HEADERS": "api-key: x"]).openAI.apiKey.isEmpty)
        #expect(
            try read(["OPENAI_HEADERS": "api-key: x"]).warnings.contains { $0.contains("OPENAI_API_KEY is not sent") })
        let wrong: [(settings: [String: String], problem: String)] = [
            (["OPENAI_API_KEY_FILE": path], "OPENAI_API_KEY and OPENAI_API_KEY_FILE must not both be set"),
            (["OPENAI_API_KEY": "", "OPENAI_API_KEY_FILE": path + "-no"], "OPENAI_API_KEY_FILE cannot be read"),
            (["OPENAI_API_KEY": "", "OPENAI_HEADERS": "X-Title: x"], "OPENAI_API_KEY must be set"),
            (
                ["OPENAI_HEADERS": "x"],
                #"OPENAI_HEADERS must have the form "name: value; name: value", or be a JSON object"#
            ),
            (["OPENAI_EXTRA_BODY": #"{"store": 1}"#], "OPENAI_EXTRA_BODY must not contain store: the service sets it"),
            (["OPENAI_PROXY": "ftp://h"], "OPENAI_PROXY must begin with http://, https://, socks5:// or socks5h://"),
            (["OPENAI_ORG_ID": "a b"], "OPENAI_ORG_ID must be visible ASCII characters, without spaces or line ends"),
            (["OPENAI_PARALLEL_CALLS": "0"], #"OPENAI_PARALLEL_CALLS must be a whole number from 1 to 256, not "0""#),
            (
                ["OPENAI_MODEL_VISION_BATCH": "x"],
                "OPENAI_MODEL_VISION_BATCH must have one name for each of the 2 models of OPENAI_MODEL_VISION, "
                    + "in the same order"
            ),
        ]
        for (settings, problem) in wrong {
            #expect(throws: ConfigError(problems: [problem]), "\(problem)") { try read(settings) }
        }
    }

    @Test("C8: an unwritable spool folder is reported at the start", arguments: ["/nowhere/at-all", "/etc/hostname"])
    func spool(path: String) throws {
        #expect(
            throws: ConfigError(problems: ["SPOOL_DIR must be a writable folder, not \"\(path)\""])
        ) { _ = try read(["SPOOL_DIR": path]) }
        #expect(try read(["SPOOL_DIR": "/tmp"]).spoolDirectory == "/tmp")
    }

    @Test("C8: seconds may have fractions, models may be lists, empty means not set")
    func forms() throws {
        let config = try read([
            "WEBHOOK_RETRY_BASE": "0.25", "OPENAI_MODEL_VISION": "a, b ,c", "MAX_BATCH_SIZE": "",
            "BIND": "[::1]:6000", "OPENAI_IMAGE_MODE": "inline", "OPENAI_TEMPERATURE": "", "TRUSTED_PROXIES": "",
            "LOG_FILE": "", "INSTANCE_ID": "one", "METRICS_BIND": "",
        ])
        #expect(config.webhookRetryBaseSeconds == 0.25)
        #expect(config.visionModels == ["a", "b", "c"])
        #expect(config.lotsMax == 50_000)
        #expect(config.bind == BindAddress(host: "[::1]", port: 6000))
        #expect(config.imageMode == .inline)
        #expect(config.temperature == nil)
        #expect(config.trustedProxies.isEmpty)
        #expect(config.logFile == nil)
        #expect(config.metricsBind == nil)
        #expect(config.instanceID == "one")
    }

    @Test("what an image and a thought cost: never auto, an effort by its name, lives of files in days")
    func costs() throws {
        let usual = try read([:]).openAI
        #expect(usual.imageDetail == .high && usual.inputFileDays == 7 && usual.outputFileDays == nil)
        #expect(usual.visionEffort == .usual(.low) && usual.translationEffort == .usual(.off))
        let set = try read([
            "OPENAI_IMAGE_DETAIL": "Original", "OPENAI_REASONING_EFFORT_VISION": "medium",
            "OPENAI_REASONING_EFFORT_TRANSLATION": "default", "OPENAI_INPUT_EXPIRES_DAYS": "0",
            "OPENAI_OUTPUT_EXPIRES_DAYS": "14",
        ]).openAI
        #expect(set.imageDetail == .original && set.inputFileDays == nil && set.outputFileDays == 14)
        #expect(set.visionEffort == .chosen(.medium) && set.translationEffort == .providers)
        let wrong = [
            "OPENAI_IMAGE_DETAIL": "auto", "OPENAI_REASONING_EFFORT_VISION": "little",
            "OPENAI_REASONING_EFFORT_TRANSLATION": "off", "OPENAI_INPUT_EXPIRES_DAYS": "1",
            "OPENAI_OUTPUT_EXPIRES_DAYS": "31",
        ]
        for (name, value) in wrong {
            do {
                _ = try read([name: value])
                Issue.record("\(name) is accepted")
            } catch { #expect("\(error)".contains(name)) }
        }
    }

    @Test("C1.4, C8: o1-mini and the Node switch cause warnings")
    func warnings() throws {
        let config = try read(["OPENAI_MODEL_VISION": "o1-mini", "ACCEPT_NODE_EXAMPLE_SIGNATURES": "true"])
        #expect(config.warnings.contains { $0.contains("o1-mini") })
        #expect(config.warnings.contains { $0.contains("ACCEPT_NODE_EXAMPLE_SIGNATURES") })
    }

    @Test("printed settings contain no secret")
    func printing() throws {
        let config = try read([:])
        var dumped = "\(config)"
        dump(config, to: &dumped)
        for secret in ["hunter2", "sk-secret-key", "your-secret-hmac-key"] { #expect(!dumped.contains(secret)) }
    }
}
