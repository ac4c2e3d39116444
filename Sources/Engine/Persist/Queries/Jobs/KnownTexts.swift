// Conditions that exclude rows of a newer version from claims: an instance that cannot read a row does not take its
// lease.

enum KnownTexts {
    /// The job `j` and its provider batches are in states that this version knows.
    static let jobIsReadable = """
        (j.status IN (\(list(JobStatus.self))) AND j.current_stage IN (\(list(JobStage.self)))
            AND NOT EXISTS (SELECT 1 FROM openai_batches b WHERE b.job_id = j.id
                AND (\(batchState) NOT IN (\(list(ProviderBatchState.self)))
                    OR b.stage NOT IN (\(list(WorkStage.self))))))
        """

    /// This version does not know the status of the job `j`. Written as ranges between the known ones, so that an index
    /// serves them.
    static let statusIsUnknown: String = {
        let known = JobStatus.allCases.map(\.rawValue).sorted()
        let between = zip(known, known.dropFirst()).map { "j.status > '\($0)' AND j.status < '\($1)'" }
        return "(j.status < '\(known[0])' OR " + between.joined(separator: " OR ")
            + " OR j.status > '\(known[known.count - 1])')"
    }()

    /// The job of the delivery `d` is in a state that this version knows.
    static let deliveryIsReadable = """
        NOT EXISTS (SELECT 1 FROM batch_jobs k WHERE k.id = d.batch_job_id
            AND k.status NOT IN (\(list(JobStatus.self))))
        """

    /// The state of the provider batch `b`. Instances of the previous version write `canary` for `asking`.
    static let batchState = "CASE b.state WHEN 'canary' THEN 'asking' ELSE b.state END"

    /// `'pending', 'processing', 'translating'`.
    static let openJobs = list(JobStatus.self) { $0.isOpen }
    /// `'completed', 'failed', 'cancelled'`.
    static let endedJobs = list(JobStatus.self) { !$0.isOpen }

    /// `'collected', 'abandoned'`.
    static let endedBatches = list(ProviderBatchState.self) { !$0.isOpen }

    private static func list<Value: RawRepresentable<String> & CaseIterable>(
        _ type: Value.Type, _ isIn: (Value) -> Bool = { _ in true }
    ) -> String {
        type.allCases.filter(isIn).map { "'\($0.rawValue)'" }.joined(separator: ", ")
    }
}
