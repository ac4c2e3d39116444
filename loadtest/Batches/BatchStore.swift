// The account's batches and their progress with time. Thread: its loop; loop-bound.
//
// The store has no timers: the first request for a batch executes all steps that were due by now, in the order of their
// due times. With the machine's clock the reply does not wait for a step that is still running; with a clock by hand it
// waits until all due steps are done.
import Engine

final class BatchStore {
    private unowned let account: SimulatedAccount
    private(set) var all: [Batch] = []  // oldest first
    private var created = 0
    private var random: SeededRandom
    private var isWorking = false
    private var worker: Task<Void, Never>?

    init(account: SimulatedAccount, seed: Int) {
        self.account = account
        random = SeededRandom(seed: UInt64(bitPattern: Int64(seed)) ^ 0xBA7C)
    }

    // MARK: Requests

    /// - Parameter input: its input file, if it was looked up before; it may have been deleted since.
    func create(_ body: JSONValue, input: StoredFile? = nil) throws(APIError) -> Batch {
        let asked = try BatchRequest(body)
        let now = account.clock.now
        let file = if let input { input } else { try account.files.file(asked.inputFile, now: now) }
        guard file.purpose == "batch" else {
            throw .invalid(
                "Invalid input file: its purpose is '\(file.purpose)', expected 'batch'.", param: "input_file_id",
                code: "invalid_value")
        }
        let batch = Batch(
            id: "batch_" + random.identifier(length: 24), ordinal: created, input: file, metadata: asked.metadata,
            createdAt: now, timing: BatchTiming(seconds: account.options.batchSeconds, clock: account.clock))
        created += 1
        batch.outputLifeSeconds = asked.outputLifeSeconds
        batch.fault = account.plan.strike(batch: batch.id)
        all.append(batch)
        return batch
    }

    func batch(_ id: String) async throws(APIError) -> Batch {
        await catchUp()
        guard let batch = all.first(where: { $0.id == id }) else { throw .noSuchBatch(id) }
        return batch
    }

    func cancel(_ id: String) async throws(APIError) -> Batch {
        let batch = try await batch(id)
        await finishWork()
        switch batch.status {
        case .validating, .inProgress, .finalizing: batch.enter(.cancelling, at: account.clock.now)
        case .cancelling: break
        case .failed, .completed, .expired, .cancelled:
            throw APIError(409, "Cannot cancel a batch with status '\(batch.status.rawValue)'.")
        }
        return batch
    }

    /// Newest first.
    func list(
        _ query: [(name: String, value: String)], shape: ListShape = ListShape()
    ) async throws(APIError) -> JSONValue {
        await catchUp()
        let now = account.clock.now
        var found = shape.listed(Array(all.reversed()), now: now, id: \.id, createdAt: \.createdAt)
        var limit = 20
        for (name, value) in query {
            switch name {
            case "limit": limit = try Paging.limit(value, in: 1...100)
            case "after":
                if shape.ignoresAfter { continue }
                guard let at = found.firstIndex(where: { $0.id == value }) else { throw .noSuchBatch(value) }
                found = Array(found[(at + 1)...])
            default: throw .unknown(name)
            }
        }
        return shape.page(found.prefix(limit).map { $0.json(now: now) }, hasMore: found.count > limit)
    }

    /// Adds batches of another user of the account, which ended at once.
    func addForeign(_ count: Int) throws(SpoolFile.Failure) {
        let now = account.clock.now
        let file = account.files.add(
            purpose: "batch", filename: "foreign.jsonl", content: try SpoolFile(), now: now, lifeSeconds: nil)
        for _ in 0..<count {
            let batch = Batch(
                id: "batch_" + random.identifier(length: 24), ordinal: created, input: file,
                metadata: ["owner": .string(random.identifier(length: 8))], createdAt: now,
                timing: BatchTiming(seconds: 0, clock: account.clock))
            created += 1
            batch.enter(.cancelled, at: now)
            all.append(batch)
        }
    }

    /// Ends all batches as failed, without another answer.
    func endAll() async {
        await finishWork()
        for batch in all where !batch.status.hasEnded { batch.enter(.failed, at: account.clock.now) }
    }

    /// Waits for the running work, then deletes all batches.
    func reset() async {
        await finishWork()
        all.removeAll()
    }

    // MARK: Time

    /// Executes the steps that are due.
    func catchUp() async {
        startWork()
        guard account.clock.isByHand else { return }
        while isWorking { await worker?.value }
    }

    func finishWork() async {
        while isWorking { await worker?.value }
    }

    private func startWork() {
        guard !isWorking, nextDue() != nil else { return }
        isWorking = true
        worker = account.loop.spawn { [self] in
            while !account.isClosed, let (batch, at, step) = nextDue() { await perform(step, batch, at) }
            isWorking = false
        }
    }

    private func nextDue() -> (Batch, Double, Batch.Step)? {
        let now = account.clock.now
        var first: (Batch, Double, Batch.Step)?
        for batch in all {
            guard let next = batch.next, next.at <= now, next.at < first?.1 ?? .infinity else { continue }
            first = (batch, next.at, next.step)
        }
        return first
    }

    private func perform(_ step: Batch.Step, _ batch: Batch, _ at: Double) async {
        do {
            switch step {
            case .validate: try await validate(batch, at)
            case .finalize: batch.enter(.finalizing, at: at)
            case .complete: try await end(batch, .completed, at, leftOver: nil)
            case .expire:
                let text = "This request could not be executed before the completion window expired."
                try await end(batch, .expired, at, leftOver: ("batch_expired", text))
            case .beginCancel: batch.enter(.cancelling, at: at)
            case .endCancel: try await end(batch, .cancelled, at, leftOver: nil)
            }
        } catch {
            batch.problems = [BatchProblem(code: "server_error", message: "\(error)")]
            batch.enter(.failed, at: at)
        }
    }

    private func validate(_ batch: Batch, _ at: Double) async throws(SpoolFile.Failure) {
        var validator = BatchValidator()
        try await validator.run(batch.input.content, on: account.loop)
        batch.lines = validator.lines
        batch.model = validator.model
        batch.inputDigest = validator.digest
        batch.enqueuedTokens = validator.tokens
        batch.problems = validator.problems
        if let fault = account.plan.strike(batch: batch.id, lines: validator.lines.count) { batch.fault = fault }
        if let fault = batch.fault, fault.kind == .fail {
            let message = fault.message ?? "Failed by a fault switch: \(fault.code)."
            batch.problems = [BatchProblem(code: fault.code, message: message)]
        } else if batch.problems.isEmpty, let problem = queueProblem(batch) {
            batch.problems = [problem]
        }
        // A cancel may have arrived while lines were being read.
        if batch.status == .validating { batch.enter(batch.problems.isEmpty ? .inProgress : .failed, at: at) }
    }

    /// The limit is on input tokens per model over all batches that have not ended.
    private func queueProblem(_ batch: Batch) -> BatchProblem? {
        guard let limit = account.plan.enqueuedTokens else { return nil }
        let others = all.filter { $0 !== batch && $0.model == batch.model && $0.isQueued }
        guard others.reduce(batch.enqueuedTokens, { $0 + $1.enqueuedTokens }) > limit else { return nil }
        return BatchProblem(
            code: "token_limit_exceeded",
            message:
                "Enqueued token limit reached for \(batch.model ?? "the model") in organization org-simulated. Limit: "
                + "\(limit) enqueued tokens. Please try again once some in_progress batches have been completed.")
    }

    private func end(
        _ batch: Batch, _ status: SimulatedBatchStatus, _ at: Double, leftOver: (code: String, message: String)?
    ) async throws(SpoolFile.Failure) {
        let fraction = status == .completed ? 1 : batch.fractionDone(at: at)
        var run = try BatchRun(batch, account: account, fraction: fraction, leftOver: leftOver)
        let result = try await run.run()
        guard !account.isClosed else { return }
        batch.result = result
        batch.enter(status, at: at)
    }
}

extension Batch {
    /// Counts against the limit of enqueued tokens.
    var isQueued: Bool {
        switch status {
        case .inProgress, .finalizing, .cancelling: true
        case .validating, .failed, .completed, .expired, .cancelled: false
        }
    }
}
