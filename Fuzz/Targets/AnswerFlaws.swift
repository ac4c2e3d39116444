// The `openai` target: any answer of OpenAI, or of a proxy in its place, is read or refused, and leaks nothing. Thread:
// any.
import Engine

enum AnswerFlaws {
    /// A key in answers, as if the provider had repeated it.
    static let key = "sk-fuzz-0123456789abcdef"
    private static let fields = ["damages"]

    static func find(in input: [UInt8]) -> String? {
        splitFlaw(input) ?? lineFlaw(input) ?? lineFlaw(wrapped(input)) ?? objectFlaw(input) ?? errorFlaw(input)
    }

    /// `input` as a response's body in a line of a result file.
    private static func wrapped(_ input: [UInt8]) -> [UInt8] {
        Array(#"{"custom_id":"a","response":{"status_code":200,"body":"#.utf8) + input + Array("}}".utf8)
    }

    // MARK: Result files

    /// Lines are the same for any split of a file.
    private static func splitFlaw(_ input: [UInt8]) -> String? {
        let bound = 48
        var expected: [[UInt8]] = []
        var skipped = 0
        for line in input.split(separator: 0x0A, omittingEmptySubsequences: false) {
            let text = line.last == 0x0D ? line.dropLast() : line
            if line.count > bound { skipped += 1 } else if !text.isEmpty { expected.append(Array(text)) }
        }
        var dice = InputDice(input)
        var splitter = LineSplitter(maxLineBytes: bound)
        var found: [[UInt8]] = []
        var start = 0
        for end in dice.cuts(of: input.count) + [input.count] {
            splitter.feed(Array(input[start..<end]))
            while let line = splitter.next() { found.append(line) }
            start = end
        }
        if let line = splitter.last() { found.append(line) }
        guard found == expected else { return "the lines differ" }
        return splitter.skipped == skipped
            ? nil : "\(splitter.skipped) lines were too long, and \(skipped) by the reference"
    }

    private static func lineFlaw(_ line: [UInt8]) -> String? {
        for fields in [fields, ["en", "de"], nil] {
            guard let output = BatchOutput.read(line, fields: fields) else { continue }
            guard !output.customID.isEmpty else { return "a line without a custom_id" }
            switch output.outcome {
            case .answer(let answer):
                if let flaw = answerFlaw(answer, fields) { return flaw }
            case .failed(_, let reason, _, let usage):
                if let flaw = textFlaw(reason) { return "in a line's reason: \(flaw)" }
                if let usage, let flaw = usageFlaw(usage) { return flaw }
            }
        }
        return nil
    }

    private static func answerFlaw(_ answer: ModelAnswer, _ fields: [String]?) -> String? {
        if let fields, answer.fields.map(\.0) != fields { return "an answer with wrong fields: \(answer.fields)" }
        if answer.fields.isEmpty { return "an answer without fields" }
        for (_, text) in answer.fields {
            guard text.contains(where: { !$0.isWhitespace }) else { return "an empty text" }
            if let flaw = HTMLFlaws.flaw(of: text) { return "in an answer's HTML: \(flaw)" }
        }
        if let flaw = textFlaw(answer.model) { return "in a model's name: \(flaw)" }
        return usageFlaw(answer.usage)
    }

    /// Tokens are summed over 50,000 lots and stored as `bigint`.
    private static func usageFlaw(_ usage: Usage) -> String? {
        guard usage.input >= 0, usage.output >= 0 else { return "negative usage" }
        let bound = Int.max / (2 * Limits.lotsPerRequest * Limits.languages)
        return usage.input <= bound && usage.output <= bound ? nil : "usage whose sum overflows: \(usage)"
    }

    // MARK: Objects and errors

    private static func objectFlaw(_ input: [UInt8]) -> String? {
        guard let value = try? JSONValue.parse(input), let batch = BatchObject(value) else { return nil }
        if batch.outputFileID?.isEmpty == true || batch.errorFileID?.isEmpty == true { return "a file without a name" }
        if case .refused(let reason)? = batch.failure, let flaw = textFlaw(reason) {
            return "in a batch's error: \(flaw)"
        }
        return batch.errors.count <= Limits.detailEntries ? nil : "too many errors kept"
    }

    /// The key is hidden where a reply repeats it, and the reported text is bounded and clean.
    private static func errorFlaw(_ input: [UInt8]) -> String? {
        let text = String(decoding: input, as: UTF8.self)
        let echo = JSONValue.object([("error", .object([("message", .string(text + " " + key))]))]).bytes
        var dice = InputDice(input)
        for body in [input, echo] {
            let status = [400, 401, 404, 408, 409, 429, 500, 503][dice.upTo(7)]
            let error = OpenAIError(
                status: status, headers: { $0 == "retry-after" ? text : nil }, body: body, key: key,
                now: Timestamp(microseconds: 1_700_000_000_000_000))
            if let flaw = textFlaw(error.reason) { return "in an error: \(flaw)" }
            if let wait = error.retryAfter, !(wait >= 0 && wait.isFinite) { return "a wait of \(wait)" }
        }
        return nil
    }

    private static func textFlaw(_ text: String) -> String? {
        if text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) { return "a control character" }
        if text.contains(key) { return "the key" }
        return text.count <= 600 ? nil : "\(text.count) characters"
    }
}
