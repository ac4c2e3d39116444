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
        } catch {
            // The batch may run on, or may have ended.
            if let object = try? await context.openAI.batch(id) { return await described(object, batch) }
            return .failed(error)
        }
    }

    /// The provider has denied the batch for long: asks it once more, then its list, and cancels the batch in any case.
    func confirmGone(_ batch: ProviderBatch) async -> BatchOutcome {
        guard let id = batch.batchID else { return .noBatch }
        let polled = await poll(batch)
        guard case .failed(let denial) = polled, denial.isDenial else { return polled }
        do throws(OpenAIError) {
            CrashPoint.batchesListing.pass()
            let listed = try await context.openAI.batches(since: batch.intentAt) { $0.id == id }
            CrashPoint.batchesListed.pass()
            if let object = listed.first { return await described(object, batch) }
        } catch { return .failed(error) }
        let recalled = await recall(batch)
        if case .failed(let error) = recalled, error.isDenial { return .gone(denial) }
        return recalled
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
