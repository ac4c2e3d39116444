// Lists of job statuses as SQL text, made from the enum. A test compares them with the migrations.

extension JobStatus {
    /// `'pending', 'processing', 'translating'`.
    static let openList = list { $0.isOpen }
    /// `'completed', 'failed', 'cancelled'`.
    static let endedList = list { !$0.isOpen }

    private static func list(_ isIn: (JobStatus) -> Bool) -> String {
        allCases.filter(isIn).map { "'\($0.rawValue)'" }.joined(separator: ", ")
    }
}
