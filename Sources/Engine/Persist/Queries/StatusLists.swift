// Lists of job states as SQL text, made of the enum, so that the two cannot disagree. The partial index of migration 1
// has the same list of open ones; a test compares them.

extension JobStatus {
    /// `'pending', 'processing', 'translating'`.
    static let openList = list { $0.isOpen }
    /// `'completed', 'failed', 'cancelled'`.
    static let endedList = list { !$0.isOpen }

    private static func list(_ isIn: (JobStatus) -> Bool) -> String {
        allCases.filter(isIn).map { "'\($0.rawValue)'" }.joined(separator: ", ")
    }
}
