// The object in the reply to POST /v1/responses. Thread: any.
import Engine

/// Answers a checked request. Ids and times are arguments, so that the same request gives the same answer.
struct ResponseObject {
    let request: CheckedRequest
    let id: String
    let createdAt: Double
    var fault: AnswerFault?
    /// Of the fault `failed`.
    var failure = "server_error"

    /// The result, for the records and for the wire.
    struct Result {
        let json: JSONValue
        let inputTokens: Int
        let outputTokens: Int
        /// True if a client that reads the answer as the specification says gets its text.
        let isUsable: Bool
    }

    private enum Outcome {
        case text(String)
        case refusal(String)
        case cut(String?)
        case failed
    }

    func make() -> Result {
        let text = answerText()
        let outcome = outcome(of: text)
        let reasoning = request.model.reasons ? TokenEstimate.reasoning : 0
        let written: Int
        var isUsable = false
        switch outcome {
        case .text(let text):
            written = TokenEstimate.text(text) + reasoning
            isUsable = fault?.isUsable ?? true
        case .refusal(let text): written = TokenEstimate.text(text) + reasoning
        case .cut: written = min(request.maxOutputTokens ?? Int.max, TokenEstimate.text(text) + reasoning)
        case .failed: written = 0
        }
        return Result(
            json: object(outcome, outputTokens: written, reasoningTokens: min(reasoning, written)),
            inputTokens: request.inputTokens, outputTokens: written, isUsable: isUsable)
    }

    private func answerText() -> String {
        let builder = AnswerValue(root: request.schema ?? .null, input: request.input)
        guard request.schema != nil else { return builder.text("en") }
        let value = builder.value
        switch fault {
        case .hostileHTML: return ResponseObject.replacing(value, SimulatedAnswer.hostile).text
        case .blankHTML: return ResponseObject.replacing(value) { _ in SimulatedAnswer.blank }.text
        case .fenced: return "```json\n\(value.text)\n```\n"
        case .bom: return "\u{FEFF}" + value.text
        case .refusal, .incomplete, .failed, .invalidJSON, .commentary, .commentaryJSON, .commentaryUnmarked,
            .contentText, .topText, .usageMissing, .usageNull, .usageEmpty, .usageChat, .usageOdd, .usageDetails, nil:
            return value.text
        }
    }

    private static func replacing(_ value: JSONValue, _ text: (String) -> String) -> JSONValue {
        switch value {
        case .string(let old): .string(text(old))
        case .array(let elements): .array(elements.map { replacing($0, text) })
        case .object(let members): .object(members.map { ($0.0, replacing($0.1, text)) })
        case .null, .bool, .int, .double: value
        }
    }

    private func outcome(of text: String) -> Outcome {
        switch fault {
        case .refusal: return .refusal("I'm sorry, I can't help with that.")
        case .incomplete: return .cut(request.model.reasons ? nil : String(text.prefix(text.count / 2)))
        case .failed: return .failed
        case .invalidJSON: return .text("Here is the description you asked for: " + text.dropLast(3))
        case .hostileHTML, .blankHTML, .commentary, .commentaryJSON, .commentaryUnmarked, .contentText, .fenced, .bom,
            .topText, .usageMissing, .usageNull, .usageEmpty, .usageChat, .usageOdd, .usageDetails, nil:
            break
        }
        let reasoning = request.model.reasons ? TokenEstimate.reasoning : 0
        guard let limit = request.maxOutputTokens, limit < TokenEstimate.text(text) + reasoning else {
            return .text(text)
        }
        // Reasoning uses the budget first; the rest of it is visible text.
        return .cut(limit <= reasoning ? nil : String(text.prefix((limit - reasoning) * 4)))
    }

    private func object(_ outcome: Outcome, outputTokens: Int, reasoningTokens: Int) -> JSONValue {
        var members: [(String, JSONValue)] = [("id", .string("resp_" + id)), ("object", "response")]
        members += state(outcome)
        members.append(("model", .string(request.model.snapshot)))
        members.append(("output", .array(output(outcome))))
        members += echo
        let usage = AnswerUsage.json(
            input: request.inputTokens, output: outputTokens, reasoning: reasoningTokens, fault: fault)
        if let usage { members.append(("usage", usage)) }
        if fault == .topText, case .text(let text) = outcome { members.append(("output_text", .string(text))) }
        return .object(members)
    }

    private func state(_ outcome: Outcome) -> [(String, JSONValue)] {
        var status = "completed"
        var error: JSONValue = .null
        var incomplete: JSONValue = .null
        switch outcome {
        case .text, .refusal: break
        case .cut:
            status = "incomplete"
            incomplete = ["reason": "max_output_tokens"]
        case .failed:
            status = "failed"
            error = ["code": .string(failure), "message": "The model failed to generate a response."]
        }
        let completedAt: JSONValue = status == "completed" ? .int(Int(createdAt)) : .null
        return [
            ("created_at", .int(Int(createdAt))), ("completed_at", completedAt), ("status", .string(status)),
            ("error", error), ("incomplete_details", incomplete),
        ]
    }

    /// The request's fields in the answer, with the API's defaults.
    private var echo: [(String, JSONValue)] {
        let defaults: [(String, JSONValue)] = [
            ("background", false), ("instructions", .null), ("max_output_tokens", .null), ("max_tool_calls", .null),
            ("metadata", .object([])), ("parallel_tool_calls", true), ("previous_response_id", .null),
            ("prompt_cache_key", .null), ("safety_identifier", .null), ("service_tier", "default"), ("store", true),
            ("temperature", .double(1)), ("tool_choice", "auto"), ("tools", []), ("top_logprobs", 0),
            ("top_p", .double(1)), ("truncation", "disabled"), ("user", .null),
        ]
        let repeated = defaults.map { name, value in
            (name, name == "service_tier" ? value : request.body.present(name) ?? value)
        }
        return repeated + [("reasoning", reasoningEcho), ("text", textEcho)]
    }

    private func output(_ outcome: Outcome) -> [JSONValue] {
        var items: [JSONValue] = []
        if request.model.reasons { items.append(["id": .string("rs_" + id), "type": "reasoning", "summary": []]) }
        switch outcome {
        case .text(let text): items += messages(text)
        case .refusal(let text):
            items.append(message([["type": "refusal", "refusal": .string(text)]], status: "completed"))
        case .cut(let text?): items.append(message([part(text)], status: "incomplete"))
        case .cut(nil): break
        case .failed: items = []
        }
        return items
    }

    /// The message with the text, in the form that the fault asks for.
    private func messages(_ text: String) -> [JSONValue] {
        let plain = message([part(text)], status: "completed")
        switch fault {
        case .topText: return []
        case .contentText: return [message(.string(text), status: "completed")]
        case .commentary: return [commentary("Let me look at the photographs."), phased(plain, "final_answer")]
        case .commentaryJSON:
            let draft = AnswerValue(root: request.schema ?? .null, input: request.input).value
            let text = ResponseObject.replacing(draft) { _ in "<p>A first impression.</p>" }.text
            return [commentary(text), phased(plain, "final_answer")]
        case .commentaryUnmarked: return [commentary("Let me look at the photographs."), plain]
        case .refusal, .incomplete, .failed, .invalidJSON, .hostileHTML, .blankHTML, .fenced, .bom, .usageMissing,
            .usageNull, .usageEmpty, .usageChat, .usageOdd, .usageDetails, nil:
            return [plain]
        }
    }

    private func commentary(_ text: String) -> JSONValue {
        phased(message([part(text)], status: "completed"), "commentary")
    }

    private func phased(_ message: JSONValue, _ phase: String) -> JSONValue {
        .object((message.members ?? []) + [("phase", .string(phase))])
    }

    private func part(_ text: String) -> JSONValue {
        ["type": "output_text", "annotations": [], "logprobs": [], "text": .string(text)]
    }

    private func message(_ parts: [JSONValue], status: String) -> JSONValue { message(.array(parts), status: status) }

    private func message(_ content: JSONValue, status: String) -> JSONValue {
        [
            "id": .string("msg_" + id), "type": "message", "status": .string(status), "content": content,
            "role": "assistant",
        ]
    }

    private var reasoningEcho: JSONValue {
        let asked = request.body.present("reasoning")
        let effort: JSONValue = request.model.reasons ? asked?["effort"] ?? "medium" : .null
        return ["effort": effort, "summary": asked?["summary"] ?? .null]
    }

    /// The format returns whole, schema included, as from the real API.
    private var textEcho: JSONValue {
        let text = request.body.present("text")
        let plain: JSONValue = ["type": "text"]
        var format = text?.present("format") ?? plain
        if case .object(var members) = format, format["type"]?.string == "json_schema" {
            if format["strict"] == nil { members.append(("strict", false)) }
            if format["description"] == nil { members.append(("description", .null)) }
            format = .object(members)
        }
        return ["format": format, "verbosity": text?.present("verbosity") ?? "medium"]
    }
}
