// Sums the cost of the answers of a batch whose answers nobody needs any more (C5.9). I/O only. Loop-bound.

extension LeasedJob {
    func book(_ batch: ProviderBatch, _ record: JobRecord) async throws -> BatchOutcome {
        let positions = Set(try await ProviderBatches.positions(context.database, batch: batch.id))
        var open = positions
        // An earlier collection may have accounted for some of the lots. A stray's answers were never collected; the
        // results of its lots come from elsewhere.
        if !batch.isStray {
            open.subtract(
                try await ProviderBatches.accounted(context.database, job: id, batch: batch, positions: open.sorted()))
        }
        var (spent, tally) = ([String: Usage](), LineTally())
        do throws(OpenAIError) {
            for file in [batch.outputFileID, batch.errorFileID].compactMap(\.self) {
                try await addUp(file, batch, record, positions, &open, &spent, &tally)
            }
        } catch { return .failed(error) }
        let usage = spent.sorted { $0.key < $1.key }.map { ModelUsage(model: $0.key, $0.value) }
        return .booked(usage, tally.read)
    }

    /// Adds the cost of a file's lines. The cost of a file that is gone is unknown and is not booked.
    private func addUp(
        _ file: String, _ batch: ProviderBatch, _ record: JobRecord, _ positions: Set<Int>, _ open: inout Set<Int>,
        _ spent: inout [String: Usage], _ tally: inout LineTally
    ) async throws(OpenAIError) {
        do throws(OpenAIError) {
            let lines = try await BatchLines(file, of: batch, record, self)
            defer {
                tally.add(skipped: lines.skipped, unreadable: lines.unreadable)
                lines.close()
            }
            while let line = try await lines.next() {
                if positions.contains(line.position) { tally.add(line) }
                guard open.remove(line.position) != nil else { continue }
                switch line.output.outcome {
                case .answer(let answer):
                    spent[answer.model, default: .zero] += answer.usage
                case .failed(_, _, _, let usage):
                    spent[batch.model, default: .zero] += usage ?? .zero
                }
            }
        } catch {
            guard BatchMachine.isUnbookable(error, batch, Timestamp.now()) else { throw error }
        }
    }
}
