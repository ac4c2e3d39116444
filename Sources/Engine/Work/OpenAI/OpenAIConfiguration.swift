// The operator's settings for OpenAI, and the account. A value; any thread. Its description never shows the key.

/// Settings of the OpenAI client (C8, C5.5). Check them with ``problems()`` before use.
public struct OpenAIConfiguration: Sendable {
    public static let defaultBaseURL = "https://api.openai.com/v1"
    public static let defaultVisionModels = ["o4-mini", "gpt-5.6-terra"]
    public static let defaultTranslationModels = ["gpt-4.1-mini", "gpt-6-luna"]
    /// Reasoning is billed as output. A description takes a little of it to weigh what several photographs show; a
    /// translation takes none.
    public static let defaultVisionEffort = EffortWish.usual(.low)
    public static let defaultTranslationEffort = EffortWish.usual(.off)
    /// Longer than any batch.
    public static let defaultInputFileDays = 7
    /// Lowest `max_output_tokens` that the API accepts.
    public static let leastOutputTokens = 16
    /// Lives of files that the API accepts, days.
    public static let fileDays = 2...30

    /// With its `/v1`, without a slash at the end and without its query.
    public let baseURL: String
    /// The base URL's query, such as `api-version=2025-04-01-preview`; every call has it. May hold a secret.
    public let query: String?
    /// Sent in the `Authorization` header only. With ``keyFile`` the key at the start.
    public let apiKey: String
    /// `OPENAI_API_KEY_FILE`: the key is read again when this file changes.
    public var keyFile: String?
    /// `OPENAI_HEADERS`.
    public var headers = ProviderHeaders()
    /// `OPENAI_ORG_ID`: `OpenAI-Organization`, for keys that belong to several.
    public var organization: String?
    /// `OPENAI_PROJECT_ID`: `OpenAI-Project`.
    public var project: String?
    /// `OPENAI_EXTRA_BODY`.
    public var extraBody = ExtraBody()
    /// Tried in order when the API returns `model_not_found` (C8).
    public var visionModels = defaultVisionModels
    /// Tried in order when the API returns `model_not_found` (C8).
    public var translationModels = defaultTranslationModels
    /// `OPENAI_MODEL_VISION_BATCH`: names of ``visionModels`` in batch lines, one for each; empty if they are the same.
    public var visionBatchModels: [String] = []
    /// `OPENAI_MODEL_TRANSLATION_BATCH`, likewise.
    public var translationBatchModels: [String] = []
    /// `OPENAI_MAX_TOKENS`: output tokens per text, including reasoning; at least 16.
    public var maxOutputTokens = 4000
    /// Most output tokens that a request may have, unless ``maxOutputTokens`` alone is larger or the model has less.
    public var outputTokensCeiling = 32_768
    /// `OPENAI_TEMPERATURE`, 0...2; not sent to models that are known to refuse it.
    public var temperature: Double? = 0.1
    /// `OPENAI_REASONING_EFFORT_VISION` and `_TRANSLATION`.
    public var visionEffort = defaultVisionEffort
    public var translationEffort = defaultTranslationEffort
    /// `OPENAI_IMAGE_DETAIL`.
    public var imageDetail = ImageDetail.high
    /// Longest `additional_info` that is sent to a model, characters.
    public var additionalInfoCharacters = 8000

    /// `OPENAI_INPUT_EXPIRES_DAYS`: life of a batch's input file at the provider; nil: the provider's own rule.
    public var inputFileDays: Int? = defaultInputFileDays
    /// `OPENAI_OUTPUT_EXPIRES_DAYS`: the same for the answer files of a batch.
    public var outputFileDays: Int?

    /// Addresses that a redirect of a result file to another host may lead to, as for clients' URLs (C7).
    public var redirectAddresses = AddressPolicy()
    /// Time limit of one try of `POST /responses`, seconds, as in the official SDKs. A shorter one would give up
    /// answers that are paid for: a request whose client has left still runs.
    public var callSeconds = 600.0
    /// Time limit of one try of a small call (batches, lists, deletes), seconds.
    public var smallCallSeconds = 30.0
    /// Time limit of the creation of a batch, from the moment when the request is sent, seconds. Longer than that of
    /// other small calls, because a creation without a reply has to be looked for.
    public var createSeconds = 120.0
    /// Time limit of a creation's wait for a connection, seconds.
    public var createQueueSeconds = 60.0
    /// Time limit of a batch file's upload, seconds.
    public var uploadSeconds = 1800.0
    /// Time limit of a result file's download, seconds; includes waits for the database.
    public var downloadSeconds = 3600.0
    /// Time limit of the probe for `/health`, seconds.
    public var probeSeconds = 10.0
    public var connectSeconds = 5.0
    /// Time between two looks at ``keyFile``, seconds.
    public var keyFileSeconds = 1.0

    /// - Parameters:
    ///   - baseURL: with its `/v1`; one slash at the end is tolerated, nil or empty means OpenAI itself.
    ///   - apiKey: visible ASCII.
    public init(baseURL: String? = nil, apiKey: String) {
        let given = baseURL ?? ""
        let parts = (given.isEmpty ? Self.defaultBaseURL : given).split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false
        ).map(String.init)
        self.baseURL = parts[0].hasSuffix("/") ? String(parts[0].dropLast()) : parts[0]
        query = parts.count > 1 && !parts[1].isEmpty ? parts[1] : nil
        self.apiKey = apiKey
    }

    /// The account of an upload or a batch: base URL and a fingerprint of the credential, the organization and the
    /// project. It is kept in the batch's row, so that an intent is never reconciled with another account. A key file
    /// counts by its path: a renewed token in it belongs to the same account.
    public var account: String {
        let credential = keyFile.map { "file \($0)" } ?? headers.credential?.value ?? apiKey
        let parts =
            [credential] + (organization.map { ["org \($0)"] } ?? []) + (project.map { ["project \($0)"] } ?? [])
        var hash = ContentHash()
        hash.update(Array(parts.joined(separator: "\n").utf8))
        return "\(baseURL)#\(hash.finish().hex.prefix(16))"
    }

    /// The URL of a call. The base URL's query stands before the call's own.
    func url(_ path: String) -> String {
        guard let query else { return baseURL + path }
        let parts = path.split(separator: "?", maxSplits: 1)
        return "\(baseURL)\(parts[0])?\(query)" + (parts.count > 1 ? "&\(parts[1])" : "")
    }

    /// The name of a model in batch lines: Azure's batch deployments have names of their own.
    func batchName(of model: String, in stage: WorkStage) -> String {
        let (models, names) =
            switch stage {
            case .vision: (visionModels, visionBatchModels)
            case .translation: (translationModels, translationBatchModels)
            }
        guard let index = models.firstIndex(of: model), index < names.count else { return model }
        return names[index]
    }

    /// The parameters of a request to `model`, by what is known of its family.
    public func parameters(for model: String, in stage: WorkStage) -> ModelParameters {
        let family = ModelFamily.of(model)
        let ceiling = max(maxOutputTokens, outputTokensCeiling)
        let wish =
            switch stage {
            case .vision: visionEffort
            case .translation: translationEffort
            }
        return ModelParameters(
            name: model, temperature: family?.takesTemperature ?? true ? temperature : nil,
            maxOutputTokens: maxOutputTokens, outputTokensMax: min(ceiling, family?.outputTokensMax ?? .max),
            effort: wish.effort(of: family), cachesExplicitly: family?.cachesByItself ?? false,
            imageDetail: (family?.images ?? .unknown).detail(imageDetail))
    }

    /// Most input tokens of an image that is sent to `model`.
    public func imageTokens(for model: String) -> Int { (ModelFamily.of(model)?.images ?? .unknown).most(imageDetail) }

    /// The models with metrics of their own, by position. All others, perhaps of an earlier
    /// configuration, share the last position.
    public var meteredModels: [String] {
        let all = visionModels + translationModels
        let distinct = all.indices.filter { !all[..<$0].contains(all[$0]) }.map { all[$0] }
        return Array(distinct.prefix(ProviderMetrics.modelsMax - 1))
    }

    /// The stage's models, starting with the first.
    public func choice(for stage: WorkStage) -> ModelChoice {
        switch stage {
        case .vision: ModelChoice(models: visionModels, stage: stage, configuration: self)
        case .translation: ModelChoice(models: translationModels, stage: stage, configuration: self)
        }
    }
}

/// The operator's wish for `reasoning.effort`.
public enum EffortWish: Sendable, Equatable {
    /// Nothing is sent; the provider chooses, usually `medium`.
    case providers
    /// The service's own default: sent only to models that are known to reason.
    case usual(ReasoningEffort)
    /// The operator's choice: also sent to models that are not known.
    case chosen(ReasoningEffort)

    fileprivate func effort(of family: ModelFamily?) -> ReasoningEffort? {
        switch self {
        case .providers: nil
        case .usual(let effort): family?.effort(atLeast: effort)
        case .chosen(let effort): family.map { $0.effort(atLeast: effort) } ?? effort
        }
    }
}

extension OpenAIConfiguration {
    /// Returns every mistake in the settings, as text for the operator without secrets (C8).
    public func problems() -> [String] {
        var found: [String] = []
        if (apiKey.isEmpty && headers.credential == nil) || !Self.isHeaderSafe(apiKey) {
            found.append("OPENAI_API_KEY must be visible ASCII characters, without spaces or line ends")
        }
        if !["http://", "https://"].contains(where: baseURL.hasPrefix) || baseURL.contains(where: "@# ".contains)
            || !Self.isHeaderSafe(query ?? "") || query?.contains("#") ?? false
        {
            found.append("OPENAI_BASE_URL must be an http(s) URL with its /v1, without credentials or fragment")
        }
        for (name, models) in [("VISION", visionModels), ("TRANSLATION", translationModels)]
        where models.isEmpty || models.contains(where: { $0.isEmpty || !Self.isHeaderSafe($0) }) {
            found.append("OPENAI_MODEL_\(name) must be a model name, or several names separated by commas")
        }
        for (name, models, names) in [
            ("VISION", visionModels, visionBatchModels), ("TRANSLATION", translationModels, translationBatchModels),
        ] where !names.isEmpty && (names.count != models.count || !names.allSatisfy(Self.isHeaderSafe)) {
            found.append(
                "OPENAI_MODEL_\(name)_BATCH must have one name for each of the \(models.count) models of "
                    + "OPENAI_MODEL_\(name), in the same order")
        }
        for (name, value) in [("ORG", organization), ("PROJECT", project)]
        where value.map({ !Self.isHeaderSafe($0) }) ?? false {
            found.append("OPENAI_\(name)_ID must be visible ASCII characters, without spaces or line ends")
        }
        if maxOutputTokens < Self.leastOutputTokens {
            found.append("OPENAI_MAX_TOKENS must be at least \(Self.leastOutputTokens)")
        }
        if let temperature, !(0...2).contains(temperature) { found.append("OPENAI_TEMPERATURE must be from 0 to 2") }
        for (name, days) in [("INPUT", inputFileDays), ("OUTPUT", outputFileDays)] {
            if let days, !Self.fileDays.contains(days) {
                found.append("OPENAI_\(name)_EXPIRES_DAYS must be from 2 to 30")
            }
        }
        return found
    }

    /// Returns warnings about settings that will probably not work, for the start-up log (C8).
    public func warnings() -> [String] {
        var all: [String] = []
        if visionModels.contains(where: { $0.hasPrefix("o1-mini") }) {
            all.append("OPENAI_MODEL_VISION names o1-mini, which cannot see images")
        }
        if let credential = headers.credential, keyFile != nil || !apiKey.isEmpty {
            all.append("OPENAI_API_KEY is not sent, because OPENAI_HEADERS has \(credential.name)")
        }
        return all
    }

    private static func isHeaderSafe(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}

extension OpenAIConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "OpenAI at \(account)" }
    public var debugDescription: String { description }
    /// Keeps the key out of `dump` and of the interpolation of any value that contains this one.
    public var customMirror: Mirror { Mirror(self, children: ["account": account]) }
}
