// Checks the whole input of a batch, as in the status `validating`. Bodies are not checked here: the real API checks
// them when the line runs. Thread: its loop; yields between lines.
import Engine

struct BatchValidator {
    static let linesMax = 50_000
    static let problemsMax = 100
    static let customIDCharactersMax = 64
    /// Lines checked before other requests get their turn.
    static let linesPerTurn = 200

    private(set) var lines: [Range<Int>] = []
    private(set) var problems: [BatchProblem] = []
    private(set) var model: String?
    private(set) var tokens = 0
    private(set) var digest = ""
    private var customIDs: Set<String> = []

    mutating func run(_ content: SpoolFile, on loop: Loop) async throws(SpoolFile.Failure) {
        var reader = SpoolLines(content)
        var number = 0
        var chain: [UInt8] = []
        while let line = try reader.next() {
            number += 1
            chain = Hashing.sha256(chain + Hashing.sha256(line.bytes))
            if !line.bytes.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) {
                check(line.bytes, number)
                lines.append(line.range)
            }
            if number % BatchValidator.linesPerTurn == 0 { await loop.yield() }
        }
        digest = Hex.text(chain)
        if lines.isEmpty { add("empty_file", "The input file has no requests.", nil) }
        if lines.count > BatchValidator.linesMax {
            add("too_many_requests", "The input file has more than \(BatchValidator.linesMax) requests.", nil)
        }
    }

    private mutating func add(_ code: String, _ message: String, _ line: Int?, param: String? = nil) {
        guard problems.count < BatchValidator.problemsMax else { return }
        problems.append(BatchProblem(code: code, message: message, param: param, line: line))
    }

    private mutating func check(_ bytes: [UInt8], _ number: Int) {
        guard let line = try? JSONValue.parse(bytes), line.members != nil else {
            return add("invalid_json_line", "This line is not parseable as valid JSON.", number)
        }
        for name in ["custom_id", "method", "url", "body"] where line.present(name) == nil {
            return add("missing_required_parameter", "Missing required parameter: '\(name)'.", number, param: name)
        }
        for (name, _) in line.members ?? [] where !["custom_id", "method", "url", "body"].contains(name) {
            return add("unknown_parameter", "Unknown parameter: '\(name)'.", number, param: name)
        }
        guard line["method"]?.string == "POST" else {
            return add("invalid_method", "Only 'POST' is supported.", number, param: "method")
        }
        guard line["url"]?.string == "/v1/responses" else {
            return add("invalid_url", "The url of the request must be the batch's endpoint.", number, param: "url")
        }
        checkIdentity(line, number)
    }

    private mutating func checkIdentity(_ line: JSONValue, _ number: Int) {
        let id = line["custom_id"]?.string ?? ""
        guard !id.isEmpty, id.unicodeScalars.count <= BatchValidator.customIDCharactersMax else {
            return add(
                "invalid_custom_id", "custom_id must be a string of 1 to 64 characters.", number, param: "custom_id")
        }
        guard customIDs.insert(id).inserted else {
            return add(
                "duplicate_custom_id", "The custom_id '\(id)' has already been used in this batch.", number,
                param: "custom_id")
        }
        guard let body = line["body"], body.members != nil else {
            return add("invalid_type", "The body of the request must be an object.", number, param: "body")
        }
        let named = body["model"]?.string
        if model == nil { model = named }
        if named != model {
            return add(
                "mismatched_model", "All requests of a batch must name the same model.", number, param: "body.model")
        }
        // An invalid input costs no tokens; the line fails when it runs.
        if let input = body["input"], let checked = try? InputRules.check(input) {
            tokens += TokenEstimate.input(body, checked)
        }
    }
}
