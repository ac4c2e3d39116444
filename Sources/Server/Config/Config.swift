// All settings of the service (C8), read once from the environment. A value; any thread. Its description shows no
// secret.
import Engine
import Logging

/// A secret that does not print itself.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    public let value: String
    public init(_ value: String) { self.value = value }
    public var description: String { "(secret)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Validated settings. Units are in the names. Every default comes from the API document or from docs/CONTRACT.md, C8.
public struct Config: Sendable {
    // Required.
    public var databaseURL = Secret("")
    public var openAIKey = Secret("")
    public var sharedKey = Secret("")

    // Keys.
    public var previousSharedKey: Secret?
    public var sessionSecret: Secret?
    public var acceptNodeExampleSignatures = false

    // Listening addresses and identity.
    public var bind = BindAddress(host: "0.0.0.0", port: 5000)
    /// Nil turns metrics off.
    public var metricsBind: BindAddress? = BindAddress(host: "127.0.0.1", port: 9464)
    /// Number of event loops, each with its own listener.
    public var workerThreads = 1
    /// Unique among the instances on one database.
    public var instanceID = ""
    public var spoolDirectory = "/var/tmp"
    public var shutdownGraceSeconds = 30.0

    // Times and sizes of the contract. They are not settings; only tests change them.
    public var http = HTTPServerConfiguration()
    public var outbound = HTTPClientConfiguration()
    /// Longest time until a synchronous request is answered, in seconds (C2.6).
    public var synchronousSeconds = Limits.synchronousSeconds

    // Logging.
    public var logLevel = Logger.Level.info
    public var logFormat = LogFormat.text
    /// Nil logs to standard output only.
    public var logFile: String? = "logs/generation_service.log"

    // Limits.
    public var lotsMax = Limits.lotsPerRequest
    public var rates = RateLimits()
    /// Proxies whose `X-Forwarded-For` is trusted (C3.1).
    public var trustedProxies: [CIDR] = []
    /// Networks that C7 forbids and this deployment allows.
    public var allowedPrivateNetworks: [CIDR] = []

    // Background work.
    public var workerPollSeconds = 30.0
    public var retentionDays = 30.0
    /// Longest time from a job's acceptance to its end.
    public var deadlineHours = 24.0
    public var webhookTimeoutSeconds = 30.0
    /// Total number of attempts (C6.2).
    public var webhookAttempts = 5
    public var webhookRetryBaseSeconds = 30.0

    // OpenAI.
    public var openAIBaseURL = OpenAIConfiguration.defaultBaseURL
    /// Nil means that the key is ``openAIKey``.
    public var openAIKeyFile: String?
    public var openAIOrganization: String?
    public var openAIProject: String?
    public var openAIHeaders = ProviderHeaders()
    public var openAIExtraBody = ExtraBody()
    /// Nil connects to the provider directly.
    public var openAIProxies: OutboundProxies?
    public var visionModels = OpenAIConfiguration.defaultVisionModels
    public var translationModels = OpenAIConfiguration.defaultTranslationModels
    /// Empty means the same names as without a batch.
    public var visionBatchModels: [String] = []
    public var translationBatchModels: [String] = []
    public var outputTokensMax = 4000
    public var temperature: Double? = 0.1
    public var visionEffort = OpenAIConfiguration.defaultVisionEffort
    public var translationEffort = OpenAIConfiguration.defaultTranslationEffort
    public var imageDetail = ImageDetail.high
    /// Nil means `url` in batch mode and `inline` in synchronous mode.
    public var imageMode: ImageMode?
    /// Lives of a batch's files at the provider, in days; nil leaves them to the provider.
    public var inputFileDays: Int? = OpenAIConfiguration.defaultInputFileDays
    public var outputFileDays: Int?
    /// Whether jobs use the provider's batches; if not, each lot has its own call.
    public var usesBatches = true
    /// Direct calls of jobs at the same time, per loop.
    public var parallelCalls = 16
    /// Limit of the input tokens that wait in batches at a time; nil means no limit of ours.
    public var enqueuedTokensMax: Int?
    /// `OPENAI_SETTLE`.
    public var settleSeconds = 600.0

    public init() {}
}

extension Config {
    /// Warnings for the log at start (C1.4, C8).
    public var warnings: [String] {
        var all = openAI.warnings()
        if acceptNodeExampleSignatures {
            all.append(
                "ACCEPT_NODE_EXAMPLE_SIGNATURES is on: signatures over [{},{}] are accepted; they protect no data")
        }
        return all
    }

    /// The settings of the OpenAI client.
    public var openAI: OpenAIConfiguration {
        var settings = OpenAIConfiguration(baseURL: openAIBaseURL, apiKey: openAIKey.value)
        settings.visionModels = visionModels
        settings.translationModels = translationModels
        settings.visionBatchModels = visionBatchModels
        settings.translationBatchModels = translationBatchModels
        settings.keyFile = openAIKeyFile
        settings.organization = openAIOrganization
        settings.project = openAIProject
        settings.headers = openAIHeaders
        settings.extraBody = openAIExtraBody
        settings.maxOutputTokens = outputTokensMax
        settings.temperature = temperature
        settings.redirectAddresses = addressPolicy
        settings.visionEffort = visionEffort
        settings.translationEffort = translationEffort
        settings.imageDetail = imageDetail
        settings.inputFileDays = inputFileDays
        settings.outputFileDays = outputFileDays
        return settings
    }

    /// The provider's client of a loop. Only it may use a proxy, and strangers' hosts cannot take its connections.
    public var openAIOutbound: HTTPClientConfiguration {
        var settings = outbound
        settings.proxies = openAIProxies
        settings.connectionsPerHost = outbound.connectionsPerHost + parallelCalls
        settings.totalConnections = max(outbound.totalConnections, settings.connectionsPerHost)
        return settings
    }

    /// The outside addresses that are allowed (C7).
    public var addressPolicy: AddressPolicy { AddressPolicy(allowed: allowedPrivateNetworks) }
}
