// Ends lots: final rows and counts in one transaction (C5.2). Loop-bound.
import Logging

/// The end of one lot.
struct LotEnd {
    var position: Int
    /// nil if the lot is completed.
    var error: String?
    var translations: [String: String] = [:]
}

extension LeasedJob {
    /// Writes the finished JSON of lots and counts them; skips lots that have ended already. Within `commit`.
    func end(_ lots: [LotEnd], of job: JobRecord, _ session: DatabaseSession) async throws {
        guard !lots.isEmpty else { return }
        let ends = Dictionary(lots.map { ($0.position, $0) }, uniquingKeysWith: { first, _ in first })
        let facts = try await LotInputs.facts(session, job: job.id, positions: ends.keys.sorted())
        var results: [StageResult] = []
        for fact in facts {
            guard let end = ends[fact.position] else { continue }
            results.append(finished(fact, end, languages: job.languages))
        }
        let new = try await StoreResults.run(session, job: job.id, stage: .final, results)
        let counted = results.filter { new.contains($0.position) }
        guard !counted.isEmpty else { return }
        try await JobProgress.count(
            session, job: job.id, processed: counted.count, failed: counted.count { !$0.succeeded },
            images: counted.reduce(0) { $0 + $1.images })
    }

    private func finished(_ fact: LotFacts, _ end: LotEnd, languages: [String]) -> StageResult {
        let lot = FinishedLot(
            lotID: fact.lotID, error: end.error, processedImages: fact.usableImages,
            descriptions: FinishedLot.descriptions(languages: languages, english: fact.english) {
                end.translations[$0]
            },
            missingImages: missing(fact))
        return StageResult(
            position: fact.position, succeeded: end.error == nil, images: fact.usableImages, payload: lot.json.text)
    }

    /// A damaged row must not keep the job from its end.
    private func missing(_ fact: LotFacts) -> [String] {
        do { return try JSONValue.strings(fact.missing) } catch {
            log.error("Background worker: a row of images is damaged", metadata: ["lot": "\(fact.position)"])
            return []
        }
    }
}
