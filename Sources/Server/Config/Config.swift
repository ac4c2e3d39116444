// All settings of the service (C8), read once from the environment. A value; any thread. Printing it shows no secret.
import Engine
import Logging

/// A secret that does not print itself.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    public let value: String
    public init(_ value: String) { self.value = value }
    public var description: String { "(secret)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Checked settings. Units are in the names; every default is the API document's or that of docs/CONTRACT.md, C8.
public struct Config: Sendable {
    // What must be set.
    public var databaseURL = Secret("")
    public var openAIKey = Secret("")
    public var sharedKey = Secret("")

    // Keys.
    public var previousSharedKey: Secret?
    public var sessionSecret: Secret?
    public var acceptNodeExampleSignatures = false

    // Where it listens, and who it is.
    public var bind = BindAddress(host: "0.0.0.0", port: 5000)
    /// nil: no metrics.
    public var metricsBind: BindAddress? = BindAddress(host: "127.0.0.1", port: 9464)
    /// Event loops, each with a listener of its own.
    public var workerThreads = 1
    /// Unique among the instances on one database.
    public var instanceID = ""
    public var spoolDirectory = "/var/tmp"
    public var shutdownGraceSeconds = 30.0

    // No settings, but the contract's own times and sizes: only a test has other ones.
    public var http = HTTPServerConfiguration()
    public var outbound = HTTPClientConfiguration()
    /// A synchronous request is answered within this (C2.6).
    public var synchronousSeconds = Limits.synchronousSeconds

    // Logging.
    public var logLevel = Logger.Level.info
    public var logFormat = LogFormat.text
    /// nil: standard output only.
    public var logFile: String? = "logs/generation_service.log"

    // Limits.
    public var lotsMax = Limits.lotsPerRequest
    public var rates = RateLimits()
    /// Whose `X-Forwarded-For` is believed (C3.1).
    public var trustedProxies: [CIDR] = []
    /// What C7 forbids and this deployment allows.
    public var allowedPrivateNetworks: [CIDR] = []

    // Background work.
    public var workerPollSeconds = 30.0
    public var retentionDays = 30.0
    /// From a job's acceptance to its end.
    public var deadlineHours = 24.0
    public var webhookTimeoutSeconds = 30.0
    /// Attempts in all (C6.2).
    public var webhookAttempts = 5
    public var webhookRetryBaseSeconds = 30.0

    // OpenAI.
    public var openAIBaseURL = OpenAIConfiguration.defaultBaseURL
    public var visionModels = OpenAIConfiguration.defaultVisionModels
    public var translationModels = OpenAIConfiguration.defaultTranslationModels
    public var outputTokensMax = 4000
    public var temperature: Double? = 0.1
    /// nil: `url` in batch mode, `inline` in synchronous mode.
    public var imageMode: ImageMode?
    /// Input tokens that may wait in batches at a time; nil: no bound of ours.
    public var enqueuedTokensMax: Int?

    public init() {}
}

extension Config {
    /// What the start-up log should warn of (C1.4, C8).
    public var warnings: [String] {
        var all = openAI.warnings()
        if acceptNodeExampleSignatures {
            all.append(
                "ACCEPT_NODE_EXAMPLE_SIGNATURES is on: signatures over [{},{}] are accepted, which protect nothing")
        }
        return all
    }

    /// The OpenAI client's part.
    public var openAI: OpenAIConfiguration {
        var settings = OpenAIConfiguration(baseURL: openAIBaseURL, apiKey: openAIKey.value)
        settings.visionModels = visionModels
        settings.translationModels = translationModels
        settings.maxOutputTokens = outputTokensMax
        settings.temperature = temperature
        return settings
    }

    /// What outside addresses are allowed (C7).
    public var addressPolicy: AddressPolicy { AddressPolicy(allowed: allowedPrivateNetworks) }
}
