// Converts a response object to an answer that matches the schema, or to the reason why there is none. Pure.

enum AnswerReader {
    /// - Parameter fields: the schema's properties; nil accepts any object of texts.
    static func read(_ response: JSONValue, fields: [String]? = nil) -> Result<ModelAnswer, OpenAIError> {
        let usage = Usage(response["usage"])
        switch text(of: response) {
        case .failure(var error):
            error.usage = usage
            error.mayHaveArrived = true
            return .failure(error)
        case .success(let text):
            guard let found = parse(text, fields) else {
                let error = OpenAIError(
                    .malformed("the text does not match the schema"), mayHaveArrived: true, usage: usage)
                return .failure(error)
            }
            let model = SafeText.clean(response["model"]?.string ?? "", limit: 100)
            return .success(ModelAnswer(fields: found, model: model, usage: usage ?? .zero))
        }
    }

    /// Joins the texts of all messages. The model decides their number and
    /// order, and a reasoning item may come first.
    private static func text(of response: JSONValue) -> Result<String, OpenAIError> {
        let parts = (response["output"]?.array ?? []).filter { $0["type"]?.string == "message" }
            .flatMap { $0["content"]?.array ?? [] }
        if let problem = problem(response, parts) { return .failure(problem) }
        let text = parts.filter { $0["type"]?.string == "output_text" }.compactMap { $0["text"]?.string }.joined()
        return text.isEmpty ? .failure(OpenAIError(.malformed("the answer has no text"))) : .success(text)
    }

    private static func problem(_ response: JSONValue, _ parts: [JSONValue]) -> OpenAIError? {
        if let refusal = parts.first(where: { $0["type"]?.string == "refusal" }) {
            return OpenAIError(.refused(SafeText.clean(refusal["refusal"]?.string ?? "no reason given")))
        }
        switch response["status"]?.string {
        case "completed": return nil
        case "failed": return ErrorClassifier.classify(failedAnswer: APIFailure(error: response["error"]))
        case "incomplete":
            let reason = response["incomplete_details"]?["reason"]?.string ?? "unknown reason"
            return OpenAIError(.incomplete(SafeText.clean(reason, limit: 64)))
        case let status?: return OpenAIError(.malformed("its status is \(SafeText.clean(status, limit: 32))"))
        case nil: return OpenAIError(.malformed("it is not a response object"))
        }
    }

    /// Checks the text strictly against the schema: every property is present and is a text with visible characters
    /// (C2.4); there is no other property.
    ///
    /// This is the one place that cleans a model's HTML (C2.4): every answer passes here before it is stored, sent to
    /// the translator or shown.
    private static func parse(_ text: String, _ fields: [String]?) -> [(String, String)]? {
        guard let value = try? JSONValue.parse(Array(text.utf8)), case .object(let members) = value, !members.isEmpty
        else {
            return nil
        }
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
