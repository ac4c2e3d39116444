// The models of the simulated account. Snapshots dated 2026 are invented; their aliases are real. Thread: any.

struct SimModel: Sendable {
    let name: String
    let snapshot: String
    /// Refuses `temperature` and `top_p`, puts a reasoning item first, uses reasoning tokens.
    let reasons: Bool
    let takesImages: Bool
}

struct ModelCatalog: Sendable {
    /// Aliases that answer `model_not_found`, as after their shutdown date.
    var shutDown: Set<String>

    /// nil for an unknown or shut-down model. A snapshot's name works like its alias.
    func model(_ name: String) -> SimModel? {
        guard let model = ModelCatalog.all.first(where: { $0.name == name || $0.snapshot == name }),
            !shutDown.contains(model.name), !shutDown.contains(name)
        else { return nil }
        return model
    }

    var available: [SimModel] {
        ModelCatalog.all.filter { !shutDown.contains($0.name) && !shutDown.contains($0.snapshot) }
    }

    private static func model(_ name: String, _ date: String, reasons: Bool, images: Bool = true) -> SimModel {
        SimModel(name: name, snapshot: "\(name)-\(date)", reasons: reasons, takesImages: images)
    }

    static let all: [SimModel] = [
        model("gpt-4o", "2024-08-06", reasons: false),
        model("gpt-4o-mini", "2024-07-18", reasons: false),
        model("gpt-4.1", "2025-04-14", reasons: false),
        model("gpt-4.1-mini", "2025-04-14", reasons: false),
        model("gpt-4.1-nano", "2025-04-14", reasons: false),
        model("o1", "2024-12-17", reasons: true),
        model("o3", "2025-04-16", reasons: true),
        model("o3-mini", "2025-01-31", reasons: true, images: false),
        model("o4-mini", "2025-04-16", reasons: true),
        model("gpt-5", "2025-08-07", reasons: true),
        model("gpt-5-mini", "2025-08-07", reasons: true),
        model("gpt-5-nano", "2025-08-07", reasons: true),
        model("gpt-5.1", "2025-11-13", reasons: true),
        model("gpt-5.2", "2025-12-11", reasons: true),
        model("gpt-5.4", "2026-03-05", reasons: true),
        model("gpt-5.4-mini", "2026-03-05", reasons: true),
        model("gpt-5.4-nano", "2026-03-05", reasons: true),
        model("gpt-5.5", "2026-05-01", reasons: true),
        model("gpt-5.6-sol", "2026-07-01", reasons: true),
        model("gpt-5.6-terra", "2026-07-01", reasons: true),
        model("gpt-5.6-luna", "2026-07-01", reasons: true),
        model("gpt-6-sol", "2026-09-01", reasons: true),
        model("gpt-6-luna", "2026-09-01", reasons: true),
        model("gpt-6-astra", "2026-09-01", reasons: true),
        model("gpt-6.1-sol", "2026-10-01", reasons: true),
        model("gpt-6.1-terra", "2026-10-01", reasons: true),
        model("gpt-6.2-sol", "2026-11-01", reasons: true),
        model("gpt-6.2-astra", "2026-11-01", reasons: true),
    ]
}
