// Polls a batch at the provider, and asks the provider to end it early. I/O only. Loop-bound.

extension LeasedJob {
    func poll(_ batch: ProviderBatch) async -> BatchOutcome {
        guard let id = batch.batchID else { return .noBatch }
        do throws(OpenAIError) {
            CrashPoint.batchPolling.pass()
            let object = try await context.openAI.batch(id)
            CrashPoint.batchPolled.pass()
            return await described(object, batch)
        } catch { return .failed(error) }
    }

    func recall(_ batch: ProviderBatch) async -> BatchOutcome {
        guard let id = batch.batchID else { return .noBatch }
        do throws(OpenAIError) {
            CrashPoint.batchRecalling.pass()
            let object = try await context.openAI.cancelBatch(id)
            CrashPoint.batchRecalled.pass()
            return .recalled(object)
        } catch { return .failed(error) }
    }

    /// Adds the tokens of other batches if the queue is full. A missing model changes the choice for the next request.
    private func described(_ object: BatchObject, _ batch: ProviderBatch) async -> BatchOutcome {
        switch object.failure {
        case .queueFull:
            let queue = try? await queue(of: batch, context.database)
            return .queueFull(others: queue.map { $0.reduce(0) { $0 + $1.tokens } - batch.tokens })
        case .modelNotFound:
            context.openAI.learn(batch.stage, from: OpenAIError(.modelNotFound), asked: parameters(of: batch))
            return .status(object)
        case .passing, .quota, .refused, nil: return .status(object)
        }
    }
}
