// Legal changes of state (docs/job-states.md): those of jobs and deliveries as tables here. Pure; any thread.
import Engine

enum Transitions {
    /// True if a job, a batch or a delivery may go from `old` to `new`. Other kinds of change have no legal move.
    static func areLegal(_ kind: String, from old: String, to new: String) -> Bool {
        switch kind {
        case "job": isLegalJob(old, new)
        case "batch": batches[old]?.contains(new) ?? false
        case "delivery": old == "pending" && ["delivered", "failed"].contains(new)
        default: false
        }
    }

    /// Status and stage, in their order. At its deadline a job ends from any stage. An ended job has no legal move.
    private static let jobs: [String: Set<String>] = [
        "pending queued": ["processing image_prefetch", "failed queued"],
        "processing image_prefetch": ["processing vision_analysis", "failed image_prefetch"],
        "processing vision_analysis": [
            "translating translation", "processing finalizing", "failed vision_analysis", "completed done",
        ],
        "translating translation": ["translating finalizing", "failed translation", "completed done"],
        "processing finalizing": ["completed done", "failed finalizing"],
        "translating finalizing": ["completed done", "failed finalizing"],
    ]

    private static func isLegalJob(_ old: String, _ new: String) -> Bool {
        guard let next = jobs[old] else { return false }
        // The client may cancel in every stage, and the stage stays (C5.3).
        let stage = old.split(separator: " ").last ?? ""
        return next.contains(new) || new == "cancelled \(stage)"
    }

    /// The product's own table.
    private static let batches = Dictionary(
        uniqueKeysWithValues: BatchMachine.moves.map { old, new in
            (old?.rawValue ?? "none", Set(new.map(\.rawValue)))
        })
}
