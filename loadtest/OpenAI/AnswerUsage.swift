// The `usage` of an answer, in its usual form and in those that faults ask for. Thread: any.
import Engine

enum AnswerUsage {
    /// nil: the answer has no such member.
    static func json(input: Int, output: Int, reasoning: Int, fault: AnswerFault?) -> JSONValue? {
        switch fault {
        case .usageMissing: return nil
        case .usageNull: return .null
        case .usageEmpty: return .object([])
        case .usageChat:
            return [
                "prompt_tokens": .int(input), "completion_tokens": .int(output), "total_tokens": .int(input + output),
            ]
        case .usageOdd:
            return [
                "input_tokens": .string("\(input)"), "input_tokens_details": [], "output_tokens": -1,
                "output_tokens_details": "none", "total_tokens": .double(0.5),
            ]
        case .usageDetails:
            return usual(input, output, reasoning, cached: input / 4, written: input / 2, more: [("turns", 1)])
        case .refusal, .incomplete, .failed, .invalidJSON, .hostileHTML, .blankHTML, .commentary, .commentaryJSON,
            .commentaryUnmarked, .contentText, .fenced, .bom, .topText, nil:
            return usual(input, output, reasoning)
        }
    }

    private static func usual(
        _ input: Int, _ output: Int, _ reasoning: Int, cached: Int = 0, written: Int = 0,
        more: [(String, JSONValue)] = []
    ) -> JSONValue {
        .object(
            [
                ("input_tokens", .int(input)),
                ("input_tokens_details", ["cached_tokens": .int(cached), "cache_write_tokens": .int(written)]),
                ("output_tokens", .int(output)),
                ("output_tokens_details", ["reasoning_tokens": .int(reasoning)]),
                ("total_tokens", .int(input + output)),
            ] + more)
    }
}
