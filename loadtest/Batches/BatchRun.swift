// Runs a batch's lines in an order different from the input's, and writes its output and error files.
// Thread: its loop; yields.
import Engine

struct BatchRun {
    let batch: Batch
    let account: SimulatedAccount
    /// Number of lines that run; the rest are left over.
    let quota: Int
    /// Text of the error file for the left-over lines; nil: they are in neither file.
    let leftOver: (code: String, message: String)?

    private let output: SpoolFile
    private let errors: SpoolFile
    private var result = BatchResult()

    init(
        _ batch: Batch, account: SimulatedAccount, fraction: Double, leftOver: (code: String, message: String)?
    ) throws(SpoolFile.Failure) {
        self.batch = batch
        self.account = account
        self.leftOver = leftOver
        quota = min(batch.lines.count, Int(Double(batch.lines.count) * fraction))
        output = try SpoolFile()
        errors = try SpoolFile()
    }

    static let linesPerTurn = 50

    /// Runs the lines, stores the files and returns what the batch object reports.
    mutating func run() async throws(SpoolFile.Failure) -> BatchResult {
        for (done, index) in order().enumerated() {
            let bytes = try batch.input.content.read(
                at: batch.lines[index].lowerBound, length: batch.lines[index].count)
            // Parses, because the validator has read it before.
            if let line = try? JSONValue.parse(bytes) {
                if done < quota { try await runLine(line, text: bytes) } else { try skip(line) }
            }
            if done % BatchRun.linesPerTurn == 0 {
                await account.loop.yield()
                if account.isClosed { return result }
            }
        }
        storeFiles()
        return result
    }

    /// Shuffled by seed and batch; never the order of the input for two lines or more.
    private func order() -> [Int] {
        var random = SeededRandom(seed: UInt64(bitPattern: Int64(account.plan.seed)) &+ UInt64(batch.ordinal) &* 7919)
        let plain = Array(batch.lines.indices)
        var order = plain.shuffled(using: &random)
        if order == plain, order.count > 1 { order.append(order.removeFirst()) }
        return order
    }

    private mutating func runLine(_ line: JSONValue, text: [UInt8]) async throws(SpoolFile.Failure) {
        let customID = line["custom_id"]?.string ?? ""
        let body = line["body"] ?? .null
        do {
            let answer = try await account.engine.answer(body, text: text, id: customID)
            var paid = answer.paid
            (paid.batch, paid.metadata, paid.customID) = (batch.id, batch.metadata, customID)
            paid.isDelivered = answer.fault != .missing
            account.books.pay(paid)
            if answer.fault != .missing { result.completed += 1 }
            result.inputTokens += answer.paid.inputTokens
            result.outputTokens += answer.paid.outputTokens
            try write(answer, customID: customID)
        } catch let error as APIError {
            result.failed += 1
            try errors.append(resultLine(customID, status: error.status, body: error.json))
        } catch let failure as SpoolFile.Failure {
            throw failure
        } catch {
            throw SpoolFile.Failure(reason: "\(error)")
        }
    }

    private func write(_ answer: ResponseEngine.EngineReply, customID: String) throws(SpoolFile.Failure) {
        let line = resultLine(customID, status: 200, body: answer.json)
        switch answer.fault {
        case .missing: return
        case .doubled: try output.append(line + line)
        case .unknownID:
            try output.append(resultLine("unknown-" + Hashing.hex(customID, digits: 8), status: 200, body: answer.json))
            try output.append(line)
        case .statusText, .noStatus, .bodyText: try output.append(oddLine(customID, answer))
        case .answer, .error, .picture, nil: try output.append(line)
        }
    }

    /// A line in a form that OpenAI does not use.
    private func oddLine(_ customID: String, _ answer: ResponseEngine.EngineReply) -> [UInt8] {
        var response: [(String, JSONValue)] = [
            ("request_id", "req_odd"), ("body", answer.fault == .bodyText ? .string(answer.json.text) : answer.json),
        ]
        if answer.fault != .noStatus { response.append(("status_code", answer.fault == .statusText ? "200" : 200)) }
        let entry: JSONValue = [
            "id": .string(lineID(customID)), "custom_id": .string(customID), "response": .object(response),
            "error": .null,
        ]
        return entry.bytes + [0x0A]
    }

    private func skip(_ line: JSONValue) throws(SpoolFile.Failure) {
        guard let leftOver else { return }
        let customID = line["custom_id"]?.string ?? ""
        let entry: JSONValue = [
            "id": .string(lineID(customID)), "custom_id": .string(customID), "response": .null,
            "error": ["code": .string(leftOver.code), "message": .string(leftOver.message)],
        ]
        try errors.append(entry.bytes + [0x0A])
    }

    private func resultLine(_ customID: String, status: Int, body: JSONValue) -> [UInt8] {
        let id = lineID(customID)
        let entry: JSONValue = [
            "id": .string(id), "custom_id": .string(customID),
            "response": [
                "status_code": .int(status), "request_id": .string("req_" + id.suffix(32)), "body": body,
            ],
            "error": .null,
        ]
        return entry.bytes + [0x0A]
    }

    private func lineID(_ customID: String) -> String {
        "batch_req_" + Hashing.hex("\(batch.id):\(customID)", digits: 32)
    }

    /// `output_file_id` is null if no line was answered; `error_file_id` of a clean batch is "" every other time.
    private mutating func storeFiles() {
        let now = account.clock.now
        let life = batch.outputLifeSeconds
        if output.count > 0 {
            let name = "\(batch.id)_output.jsonl"
            result.outputFileID =
                account.files.add(
                    purpose: "batch_output", filename: name, content: output, now: now, lifeSeconds: life
                ).id
        }
        if errors.count > 0 {
            let name = "\(batch.id)_error.jsonl"
            result.errorFileID =
                account.files.add(
                    purpose: "batch_output", filename: name, content: errors, now: now, lifeSeconds: life
                ).id
        } else {
            result.errorFileID = batch.ordinal % 2 == 0 ? "" : nil
        }
    }
}
