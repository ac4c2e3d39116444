// Stores answers and failures of lots: results, usage, ends and counts in one transaction. Loop-bound.

extension LeasedJob {
    /// Stores a page in its own transaction.
    func store(_ page: CollectedPage, _ batch: ProviderBatch, _ record: JobRecord) async throws {
        let spent = try await commit(.answers) { try await store(page, batch, record, $0) }
        // The tokens of direct calls were counted when they were made.
        if batch.state != .asking {
            context.openAI.spent(spent, on: batch.model)
            for (_, answer) in page.answers where !answer.usageIsKnown { context.openAI.metrics.answeredWithoutUsage() }
        }
    }

    /// Stores a page within `commit`.
    /// - Returns: the tokens of the new answers.
    @discardableResult
    func store(
        _ page: CollectedPage, _ batch: ProviderBatch, _ record: JobRecord, _ session: DatabaseSession
    ) async throws -> Usage {
        let results = page.answers.map { result($0.position, $0.answer, batch.stage, record) }
        let new = try await StoreResults.run(session, job: id, stage: .init(batch.stage), results)
        let (failures, corrections) = try await leaveOut(page, session)
        let failed = try await LineFailures.store(session, batch: batch, job: id, failures)
        // An answer file that is read again changes nothing.
        try await ImageWork.correct(session, job: id, corrections.filter { failed.contains($0.position) })
        let spent = try await book(page, new: new, failed: failed, batch, session)
        if batch.stage == .translation || record.translatedLanguages.isEmpty {
            try await end(ends(page, new, batch.stage), of: record, session)
        }
        return spent
    }

    /// Finds the pictures that the refused lots are sent without. A lot of which nothing more can be left out fails.
    private func leaveOut(
        _ page: CollectedPage, _ session: DatabaseSession
    ) async throws -> (failures: [LineFailure], corrections: [StageResult]) {
        var failures = page.failures.map(\.failure)
        guard !page.refusedPictures.isEmpty else { return (failures, []) }
        let errors = Dictionary(page.refusedPictures) { first, _ in first }
        var corrections: [StageResult] = []
        for lot in try await LotInputs.vision(session, job: id, positions: errors.keys.sorted()) {
            guard var error = errors[lot.position] else { continue }
            var pictures = try LotPictures(lot)
            let isLeft = pictures.leaveOut(error.fault, because: error.reason)
            corrections.append(StageResult(position: lot.position, pictures))
            guard !isLeft else { continue }
            error.isWithoutPictures = pictures.sent.isEmpty
            for index in failures.indices where failures[index].position == lot.position {
                (failures[index].curable, failures[index].reason) = (false, error.reason)
            }
        }
        return (failures, corrections)
    }

    private func result(_ position: Int, _ answer: ModelAnswer, _ stage: WorkStage, _ record: JobRecord) -> StageResult
    {
        switch stage {
        case .vision:
            let text = answer[VisionRequest.fields[0]] ?? ""
            return StageResult(position: position, succeeded: true, payload: text)
        case .translation:
            let texts = record.translatedLanguages.map { ($0, JSONValue.string(answer[$0] ?? "")) }
            return StageResult(position: position, succeeded: true, payload: JSONValue.object(texts).text)
        }
    }

    private func ends(_ page: CollectedPage, _ new: Set<Int>, _ stage: WorkStage) -> [LotEnd] {
        page.answers.filter { new.contains($0.position) }.map { position, answer in
            var end = LotEnd(position: position, error: nil)
            if stage == .translation {
                for (language, text) in answer.fields { end.translations[language] = text }
            }
            return end
        }
    }

    private func book(
        _ page: CollectedPage, new: Set<Int>, failed: Set<Int>, _ batch: ProviderBatch, _ session: DatabaseSession
    ) async throws(DatabaseError) -> Usage {
        var spent: [String: Usage] = [:]
        var counted: Set<Int> = []
        for (position, answer) in page.answers where new.contains(position) && counted.insert(position).inserted {
            spent[answer.model, default: .zero] += answer.usage
        }
        var failedOnce: Set<Int> = []
        for (failure, usage) in page.failures
        where failed.contains(failure.position) && failedOnce.insert(failure.position).inserted {
            spent[batch.model, default: .zero] += usage ?? .zero
        }
        for (model, usage) in spent.sorted(by: { $0.key < $1.key }) {
            try await BookUsage.run(session, job: id, model: model, usage)
        }
        return spent.values.reduce(.zero, +)
    }
}
