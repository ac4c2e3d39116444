// Sums the cost of the answers that an ended job's batch has (C5.9). I/O only. Loop-bound.

extension LeasedJob {
    func book(_ batch: ProviderBatch, _ record: JobRecord) async throws -> BatchOutcome {
        var open = Set(try await ProviderBatches.positions(context.database, batch: batch.id))
        // An earlier collection may have accounted for some of the lots.
        open.subtract(
            try await ProviderBatches.accounted(context.database, job: id, batch: batch, positions: open.sorted()))
        var spent: [String: Usage] = [:]
        do throws(OpenAIError) {
            for file in [batch.outputFileID, batch.errorFileID].compactMap(\.self) {
                try await addUp(file, batch, record, &open, &spent)
            }
        } catch { return .failed(error) }
        let usage = spent.sorted { $0.key < $1.key }
            .map { ModelUsage(model: $0.key, inputTokens: $0.value.input, outputTokens: $0.value.output) }
        return .booked(usage)
    }

    /// Adds the cost of a file's lines. The cost of a deleted file is unknown and is not booked.
    private func addUp(
        _ file: String, _ batch: ProviderBatch, _ record: JobRecord, _ open: inout Set<Int>,
        _ spent: inout [String: Usage]
    ) async throws(OpenAIError) {
        do throws(OpenAIError) {
            let lines = try await BatchLines(file, of: batch, record, self)
            defer { lines.close() }
            while let line = try await lines.next() {
                guard open.remove(line.position) != nil else { continue }
                switch line.output.outcome {
                case .answer(let answer):
                    spent[answer.model, default: .zero] = spent[answer.model, default: .zero] + answer.usage
                case .failed(_, _, _, let usage):
                    spent[batch.model, default: .zero] = spent[batch.model, default: .zero] + (usage ?? .zero)
                }
            }
        } catch {
            guard BatchMachine.isUnbookable(error) else { throw error }
        }
    }
}
