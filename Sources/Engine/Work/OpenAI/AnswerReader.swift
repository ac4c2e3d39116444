// Converts a response object to an answer that matches the schema, or to the reason why there is none. Pure.

enum AnswerReader {
    /// - Parameter fields: the schema's properties; nil accepts any object of texts.
    static func read(_ response: JSONValue, fields: [String]? = nil) -> Result<ModelAnswer, OpenAIError> {
        let usage = Usage(response["usage"])
        func failed(_ error: OpenAIError) -> Result<ModelAnswer, OpenAIError> {
            var error = error
            error.usage = usage
            error.mayHaveArrived = true
            return .failure(error)
        }
        let messages = Self.messages(of: response)
        if let problem = problem(response, messages) { return failed(problem) }
        let texts = Self.texts(of: response, messages)
        if texts.isEmpty { return failed(OpenAIError(.malformed("the answer has no text"))) }
        guard let found = texts.lazy.compactMap({ parse($0, fields) }).first else {
            return failed(OpenAIError(.malformed("the text does not match the schema")))
        }
        let model = SafeText.clean(response["model"]?.string ?? "", limit: 100)
        return .success(ModelAnswer(fields: found, model: model, usage: usage))
    }

    /// The messages that are the answer. A model may comment before it answers: those messages have another phase.
    /// A reasoning item may come first, and their number and order are up to the model.
    private static func messages(of response: JSONValue) -> [JSONValue] {
        let all = (response["output"]?.array ?? []).filter { $0["type"]?.string == "message" }
        let final = all.filter { $0["phase"]?.string == "final_answer" }
        if !final.isEmpty { return final }
        return all.filter { message in
            if case .null = message["phase"] ?? .null { true } else { false }
        }
    }

    /// The parts of a message's content. Some compatible servers send it as a text.
    private static func parts(of message: JSONValue) -> [JSONValue] {
        if let text = message["content"]?.string { return [["type": "output_text", "text": .string(text)]] }
        return message["content"]?.array ?? []
    }

    /// The texts that may be the answer, the most likely one first: all messages joined, then each one, the last first.
    /// `output_text` beside `output` is an addition of compatible servers.
    private static func texts(of response: JSONValue, _ messages: [JSONValue]) -> [String] {
        var each = messages.map { message in
            parts(of: message).filter { ["output_text", "text"].contains($0["type"]?.string) }
                .compactMap { $0["text"]?.string }.joined()
        }.filter { !$0.isEmpty }
        if each.isEmpty, let text = response["output_text"]?.string, !text.isEmpty { each = [text] }
        return each.count > 1 ? [each.joined()] + each.reversed() : each
    }

    private static func problem(_ response: JSONValue, _ messages: [JSONValue]) -> OpenAIError? {
        let parts = messages.flatMap { Self.parts(of: $0) }
        if let refusal = parts.first(where: { $0["type"]?.string == "refusal" }) {
            return OpenAIError(.refused(SafeText.clean(refusal["refusal"]?.string ?? "no reason given")))
        }
        switch response["status"]?.string {
        case "completed": return nil
        case "failed":
            return ErrorClassifier.classify(
                status: 200, failure: APIFailure(error: response["error"]), .createResponse)
        case "incomplete":
            let reason = response["incomplete_details"]?["reason"]?.string ?? "unknown reason"
            return OpenAIError(.incomplete(SafeText.clean(reason, limit: 64)))
        case let status?:
            var error = OpenAIError(.malformed("its status is \(SafeText.clean(status, limit: 32))"))
            // It is being worked on and paid for, so asking anew would pay twice.
            if isUnfinished(response) { error.meaning = .between }
            return error
        case nil:
            let failure = APIFailure(response)
            if failure.isFromProvider {
                return ErrorClassifier.classify(status: 200, failure: failure, .createResponse)
            }
            let hasText = !parts.isEmpty || response["output_text"]?.string != nil
            return hasText ? nil : OpenAIError(.malformed("it is not a response object"))
        }
    }

    /// The answer is still being made.
    static func isUnfinished(_ response: JSONValue) -> Bool {
        ["queued", "in_progress"].contains(response["status"]?.string)
    }

    /// The JSON document in `text`: some models put it between fences, or a byte order mark before it.
    private static func document(_ text: String) -> JSONValue? {
        let bare = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        if let value = try? JSONValue.parse(Array(bare.utf8)) { return value }
        guard let opening = bare.firstRange(of: "```"),
            let start = bare[opening.upperBound...].firstIndex(where: \.isNewline),
            let closing = bare[start...].firstRange(of: "```")
        else { return nil }
        return try? JSONValue.parse(Array(bare[start..<closing.lowerBound].utf8))
    }

    /// Checks the text strictly against the schema: every property is present and is a text with visible characters
    /// (C2.4); there is no other property.
    ///
    /// This is the one place that cleans a model's HTML (C2.4): every answer passes here before it is stored, sent to
    /// the translator or shown.
    private static func parse(_ text: String, _ fields: [String]?) -> [(String, String)]? {
        guard let value = document(text), case .object(let members) = value, !members.isEmpty else { return nil }
        let names = fields ?? members.map(\.0)
        guard Set(members.map(\.0)) == Set(names) else { return nil }
        var found: [(String, String)] = []
        for name in names {
            guard let text = value[name]?.string, !DamageHTML.isBlank(text) else { return nil }
            found.append((name, DamageHTML.clean(text)))
        }
        return found
    }
}
