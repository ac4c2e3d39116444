// The status of a job, as the integrator sees it. Pure.

/// Status of a job as the integrator sees it (the document's life-cycle table).
public enum JobStatus: String, CaseIterable, Sendable {
    case pending, processing, translating, completed, failed, cancelled

    /// False for an ended job, which is immutable.
    public var isOpen: Bool {
        switch self {
        case .pending, .processing, .translating: true
        case .completed, .failed, .cancelled: false
        }
    }

    /// The webhook event of this end (C6.1); nil while the job is open.
    public var endEvent: String? {
        switch self {
        case .pending, .processing, .translating: nil
        case .completed: "batch_job_completed"
        case .failed: "batch_job_failed"
        case .cancelled: "batch_job_cancelled"
        }
    }
}
