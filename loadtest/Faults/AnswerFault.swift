// The damage, or the odd form, of an answer that a fault plan asks for. Values; any thread.

/// A fault of the answer itself. All of these are paid.
public enum AnswerFault: String, Sendable, CaseIterable {
    /// The model refuses: a refusal part, status completed.
    case refusal
    /// The answer is cut: status incomplete.
    case incomplete
    /// HTTP 200 with status failed and an error inside, of the fault's `code`.
    case failed
    /// Status completed, but the text is not JSON.
    case invalidJSON = "invalid_json"
    /// The texts carry scripts, handlers and links (`SimulatedAnswer.hostile`).
    case hostileHTML = "hostile_html"
    /// The texts are tags around nothing (`SimulatedAnswer.blank`).
    case blankHTML = "blank_html"

    // Good answers in other forms.

    /// A message of phase `commentary` stands before that of phase `final_answer`.
    case commentary
    /// The commentary is JSON in the schema's form, with other texts.
    case commentaryJSON = "commentary_json"
    /// The message after the commentary has no phase.
    case commentaryUnmarked = "commentary_unmarked"
    /// The `content` of the message is a text, as with compatible servers.
    case contentText = "content_text"
    /// The JSON stands in a Markdown fence.
    case fenced
    /// The text begins with a byte order mark.
    case bom
    /// `output` is empty, the text stands in `output_text` at the top.
    case topText = "top_text"

    // Forms of `usage`.

    case usageMissing = "usage_missing"
    case usageNull = "usage_null"
    case usageEmpty = "usage_empty"
    /// The names of Chat Completions.
    case usageChat = "usage_chat"
    /// Texts, negative and broken numbers.
    case usageOdd = "usage_odd"
    /// Cached, written and reasoning tokens, and members that no client knows.
    case usageDetails = "usage_details"

    /// True if a client that reads the answer as the specification says gets the text from it.
    var isUsable: Bool {
        switch self {
        case .refusal, .incomplete, .failed, .invalidJSON, .blankHTML: false
        case .hostileHTML, .commentary, .commentaryJSON, .commentaryUnmarked, .contentText, .fenced, .bom, .topText,
            .usageMissing, .usageNull, .usageEmpty, .usageChat, .usageOdd, .usageDetails:
            true
        }
    }
}
