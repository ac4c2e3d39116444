// Parameters that a model, or a server in front of it, has refused. A value; any thread.

/// A parameter of our request that was refused. The request cost nothing, and is sent again without it.
enum ParameterRefusal: Equatable {
    case temperature
    case cacheOptions
    /// `none` is refused by some models. `taken`: the efforts that the message names; empty if it names none.
    case effort(taken: [ReasoningEffort])
    /// `reasoning` is refused as a whole.
    case reasoning
    /// `most`: the ceiling that the message names.
    case outputTokens(most: Int?)
    case imageDetail
}

extension OpenAIError {
    /// The parameter that the API refused, if it is one that a request can go without.
    var refusal: ParameterRefusal? {
        guard case .api(let status, let code, let message) = kind, status == 400 || status == 422 else { return nil }
        let complaint = Complaint(parameter: parameter, code: code, message: message, isOfImage: imageDownload)
        if complaint.names("prompt_cache_options") { return .cacheOptions }
        if complaint.names("temperature"), !Complaint.valueCodes.contains(code ?? "") { return .temperature }
        if complaint.names("effort", "reasoning_effort", "reasoning") { return complaint.refusalOfReasoning }
        if complaint.names("max_output_tokens", "max_tokens", "max_completion_tokens") {
            return complaint.isAboutSize ? .outputTokens(most: complaint.ceiling) : nil
        }
        return complaint.parameter != nil && complaint.names("detail") ? .imageDetail : nil
    }

    /// Whether the server refused the call because of `field`, so that it did nothing.
    func refuses(_ field: String) -> Bool {
        guard case .api(let status, let code, let message) = kind, status == 400 || status == 422 else { return false }
        return Complaint(parameter: parameter, code: code, message: message, isOfImage: false).names(field)
    }
}

/// A refusal's words. Servers name a parameter in `param`, as `reasoning.effort` or only by its last part, or in the
/// message alone.
private struct Complaint {
    /// Codes of a value that is out of range: another value might pass, so the operator must see the error.
    static let valueCodes: Set<String> = [
        "invalid_value", "invalid_type", "decimal_above_max_value", "decimal_below_min_value",
    ]

    /// Words of messages about a parameter.
    private static let complaints = [
        "unsupported", "not support", "unknown", "unrecognized", "not permitted", "too large", "invalid value",
    ]

    let parameter: String?
    let code: String?
    let message: String
    let isOfImage: Bool

    func names(_ words: String...) -> Bool {
        if let parameter, !parameter.isEmpty {
            let parts = parameter.split { $0 == "." || $0 == "[" || $0 == "]" }
            return words.contains { word in parts.contains { $0 == word } }
        }
        // A message about something else may contain any word.
        guard !isOfImage, Self.complaints.contains(where: message.lowercased().contains) else { return false }
        let found = message.split { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_")) }
        return words.contains { word in found.contains { $0 == word } }
    }

    /// "Supported values are: 'none', 'low', 'medium', and 'high'."
    var refusalOfReasoning: ParameterRefusal {
        let isOfValue = code == "unsupported_value" || code == "invalid_value" || message.contains("value")
        guard isOfValue, code != "unsupported_parameter", code != "unknown_parameter" else { return .reasoning }
        let list = message.ranges(of: "upported values are").first.map { message[$0.upperBound...] } ?? ""
        let words = list.split { !($0.isASCII && $0.isLetter) }
        return .effort(taken: words.compactMap { ReasoningEffort(rawValue: String($0)) })
    }

    var isAboutSize: Bool {
        code == "integer_above_max_value" || code == "invalid_value" || message.contains("too large")
            || message.contains("at most")
    }

    /// "This model supports at most 16384 completion tokens", "Expected a value <= 16384".
    var ceiling: Int? {
        for phrase in ["at most ", "<= "] {
            guard let place = message.ranges(of: phrase).first else { continue }
            let digits = message[place.upperBound...].filter { $0 != "," }.prefix { $0.isASCII && $0.isNumber }
            if let number = Int(digits), number > 0 { return number }
        }
        return nil
    }
}

/// The refusals of one model.
struct ModelLessons: Sendable, Equatable {
    /// Most lessons that one model may teach before its requests count as refused: one each, and some more for an
    /// effort or a ceiling that the messages do not name.
    static let most = 12

    private var refusesTemperature = false
    private var refusesCacheOptions = false
    private var refusesReasoning = false
    private var refusesDetail = false
    private var refusedEfforts: Set<ReasoningEffort> = []
    /// Efforts that a refusal named.
    private var efforts: [ReasoningEffort] = []
    private var outputTokensMax: Int?

    /// Leaves out of `parameters` what the model refused.
    func apply(to parameters: inout ModelParameters) {
        if refusesTemperature { parameters.temperature = nil }
        if refusesCacheOptions { parameters.cachesExplicitly = false }
        if refusesDetail, parameters.imageDetail == .original { parameters.imageDetail = .high }
        if let outputTokensMax { parameters.limitOutput(to: outputTokensMax) }
        parameters.effort = parameters.effort.flatMap(effort)
    }

    private func effort(_ wish: ReasoningEffort) -> ReasoningEffort? {
        if refusesReasoning { return nil }
        let known = efforts.isEmpty ? ReasoningEffort.allCases : efforts
        return known.filter { !refusedEfforts.contains($0) }.lowest(atLeast: wish)
    }

    /// - Parameter asked: the parameters of the refused request.
    /// - Returns: true if the next request differs from it.
    mutating func learn(_ refusal: ParameterRefusal, asked: ModelParameters) -> Bool {
        switch refusal {
        case .temperature:
            refusesTemperature = true
            return asked.temperature != nil
        case .cacheOptions:
            refusesCacheOptions = true
            return asked.cachesExplicitly
        case .reasoning:
            refusesReasoning = true
            return asked.effort != nil
        case .effort(let taken):
            guard let effort = asked.effort else { return false }
            refusedEfforts.insert(effort)
            efforts = taken.filter { $0 != effort }
            // The next effort, `medium`, is the provider's own choice.
            if taken.isEmpty, effort >= .low { refusesReasoning = true }
            return true
        case .outputTokens(let most):
            let ceiling = asked.outputTokensMax == .max ? asked.maxOutputTokens : asked.outputTokensMax
            let next = most.flatMap { $0 < ceiling ? $0 : nil } ?? ceiling / 2
            guard next >= OpenAIConfiguration.leastOutputTokens else { return false }
            outputTokensMax = min(outputTokensMax ?? .max, next)
            return true
        case .imageDetail:
            refusesDetail = true
            return asked.imageDetail == .original
        }
    }
}

extension ReasoningEffort: Comparable {
    public static func < (a: ReasoningEffort, b: ReasoningEffort) -> Bool {
        guard let first = allCases.firstIndex(of: a), let second = allCases.firstIndex(of: b) else { return false }
        return first < second
    }
}
